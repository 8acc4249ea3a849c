import type { LanPlace, NetworkOptions } from "../model/records.js";
/** Driver of networks that stand on a LAN, as Docker calls it. */
export declare const MACVLAN = "macvlan";
/** Sets what the options mean; throws TSP_ERR_DRIVER_OPTION, TSP_ERR_NETWORK (invalid). */
export declare function readMacvlanOptions(options: NetworkOptions, typed: Readonly<Record<string, string>>): LanPlace;
