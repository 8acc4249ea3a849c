/**
 * What users can say to the network driver: `docker network create -d tsproxy -o …` and, in each endpoint's options, `-p`. Docker's bridge
 * options by their own names; an option that is not supported is refused by name (TSP_ERR_DRIVER_OPTION), since a network that ignores
 * one would not be the network that was asked for.
 */
import type { NetworkOptions } from "../model/records.js";
import type { PortRequest } from "../model/requests.js";
import { type Message } from "./message.js";
export declare const HOST_DEVICE = "com.docker.network.bridge.name";
export declare const OUTSIDE: {
    readonly 4: "com.docker.network.host_ipv4";
    readonly 6: "com.docker.network.host_ipv6";
};
/** Sets what `-o KEY=VALUE` means. Throws TSP_ERR_DRIVER_OPTION. */
export declare function readOption(options: NetworkOptions, key: string, value: string): void;
/**
 * What `com.docker.network.portmap` of an endpoint's options asks for. Neighboring ports are put together, as dockerd names each port of a range
 * by itself. In Docker's order: ports that are named before those that are to be picked.
 */
export declare function parsePortMap(options: Message): PortRequest[];
