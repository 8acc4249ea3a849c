import type { EndpointRequest, NetworkRequest } from "../model/requests.js";
import { type Message } from "./message.js";
/** The network that CreateNetwork asks for. */
export declare function parseNetwork(message: Message, id: string): NetworkRequest;
/** Addresses and MAC of the endpoint; without a MAC the user gave none. */
export declare function parseInterface(asked: Message): Required<Pick<EndpointRequest, "addresses" | "mac">>;
