import type { Steering } from "../steer/steering.js";
import type { Workers } from "./workers.js";
export declare class Ipsec {
    private readonly monitor;
    private readonly steering;
    private warned;
    private closed;
    private constructor();
    /** Whether this kernel has IPsec at all. */
    static isThere(): boolean;
    /** To be closed. */
    static watch(workers: Workers, steering: Steering): Ipsec;
    /** To be called when a watched descriptor is readable. */
    onReadable(): void;
    close(): void;
    private refresh;
}
