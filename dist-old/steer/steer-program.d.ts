import { type LinkLayer, type MapFds } from "./program.js";
export interface SteerOptions {
    /** Carries out what is entered for offloaded flows. */
    offload?: boolean;
    /** Takes what is for a published port before the host's firewall sees it. */
    bypass?: boolean;
    /** The kernel has it, so there may be policies. */
    ipsec?: boolean;
    /** The kernel has IPv6. */
    ipv6?: boolean;
    /** Which family this program is about; the other one it leaves alone. Default: both. */
    version?: 4 | 6;
    /** Descriptor of a BPF_MAP_TYPE_PROG_ARRAY whose one program goes on with IPv6. */
    ipv6Program?: number;
}
export declare function steerProgram(link: LinkLayer, uplinks: readonly number[], maps: MapFds, options?: SteerOptions): Uint8Array;
