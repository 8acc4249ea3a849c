/** What the API says of the model. */
import type { EndpointView, NetworkView } from "../api/types.js";
import type { MadeNetwork } from "./mechanism.js";
import type { NetworkModel } from "./network-model.js";
import type { NetworkRecord } from "./records.js";
/** Of a network that an engine made which keeps what it knows of it to itself: the driver's name there. */
export declare const FOREIGN_DRIVER = "tsproxy";
export declare function networkViews(model: NetworkModel): NetworkView[];
/** `made`: undefined when it is not in the dataplane. */
export declare function networkView(record: NetworkRecord, endpoints: number, made?: MadeNetwork): NetworkView;
export declare function endpointViews(model: NetworkModel): EndpointView[];
