/**
 * What the kernel saw of offloaded flows. From the first answer on the steering programs forward their packets, as the engine asked with the
 * flow's first packet (`dataplane/l2-out.ts`). The engine sees segments with SYN, FIN or RST, and what is out of the ordinary.
 *
 * So a flow's state and deadline in conntrack may be older than the flow's last packet. They are brought up to date when the deadline comes,
 * and when somebody asks to see the flow.
 */
import type { State } from "../dataplane/state.js";
export declare class Offload {
    private readonly state;
    private readonly lookup;
    /** Room for one entry of each map. */
    private readonly entry;
    private readonly entry6;
    /** `lookup` copies the value of a key of the map of that family, or answers false when there is none. */
    constructor(state: State, lookup: (key: Uint8Array, value: Uint8Array, family: 4 | 6) => boolean);
    /** Brings flow `id` to the state and deadline that its last packet in the kernel gives it; answers whether that is news, and it lives. */
    settle(id: number): boolean;
    /** `client`, `target`: second in which the kernel saw the last packet of each; 0: it saw none. */
    private nextState;
    /** Packets of direction `dir`, whoever carried them; either part wraps at 2^32. */
    allPackets(id: number, dir: number): number;
    /** The u32 at `at` in the entry of direction `dir`; 0 if there is none. Its key is a packet that the engine sends the other way. */
    private read;
}
