import { type LanPlace, type NetworkOptions } from "../model/records.js";
import type { Message } from "./message.js";
/** From the `Options` of CreateNetwork; `lan`: of a network that stands on one. Throws TSP_ERR_DRIVER_OPTION, TSP_ERR_NETWORK (invalid). */
export declare function parseNetworkOptions(message: Message): {
    options: NetworkOptions;
    lan?: LanPlace;
};
