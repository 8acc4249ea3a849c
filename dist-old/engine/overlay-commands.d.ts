/** What a worker does at the control side's word about tunnels, and endpoints behind other nodes. */
import type { State } from "../dataplane/state.js";
import type { Overlay, ToWorker } from "./messages.js";
interface OverlayHooks {
    /** Copies the entry with that key of the steering's map of that family into `value`; false when there is none. */
    lookup(key: Uint8Array, value: Uint8Array, family: 4 | 6): boolean;
    /** `state.forget` and `forget6` are to be deleted from the steering's maps. */
    forget(): void;
}
export declare class OverlayCommands {
    private readonly state;
    private readonly counters;
    private readonly hooks;
    constructor(state: State, counters: Float64Array, hooks: OverlayHooks);
    /** The own network `id` is an overlay network. */
    add(id: number, { port, vni, mtu }: Overlay): void;
    /** It goes, with all that is known of other nodes' endpoints in it. */
    remove(id: number): void;
    addTunnel(m: Extract<ToWorker, {
        type: "add-tunnel";
    }>): void;
    removeTunnel(): void;
    /** `ipv4`, `ipv6`: its addresses, held. */
    setRemote({ network, mac, node }: Extract<ToWorker, {
        type: "set-remote";
    }>, ipv4: number, ipv6: number): void;
    removeRemote({ network, mac }: Extract<ToWorker, {
        type: "remove-remote";
    }>): void;
    /** What a former process has entered may lead to a device that is gone with it. */
    private forgetIfElsewhere;
    /** What the node at `address` (NO_ADDRESS: none) sends is steered to us no more. */
    private forgetNode;
}
export {};
