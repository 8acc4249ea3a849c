import { type Environment } from "./contract.js";
export interface Lease {
    family: 4 | 6;
    /** `10.77.0.5`, without the length. */
    address: string;
    /** The network that it is of. */
    subnet: string;
    gateway: string | undefined;
}
/** What the plugin gives, one a family at most. Throws CniError: what the plugin says, or that there is none. */
export declare function lease(type: string, config: string, environment: Environment): Promise<Lease[]>;
/** The same for calls that answer nothing. */
export declare function release(type: string, config: string, environment: Environment): Promise<void>;
/** Plugins of before version 1.1 know neither GC nor STATUS: then there is nothing to do. */
export declare function passOn(command: "CHECK" | "GC" | "STATUS", type: string, config: string, environment: Environment): Promise<void>;
