import type { State } from "../dataplane/state.js";
import { type PacketIo } from "../device/packet-io.js";
import { Batch } from "../mem/batch.js";
import { type PacketMemory } from "../mem/packet-memory.js";
export interface EngineHooks {
    /** A port's device is gone (EBADFD and the like on read); it will not be read again. */
    portGone(port: number, errno: number): void;
    /** `state.forget` and `forget6` are to be deleted from the steering's maps; empties them. */
    forget(): void;
    /** `state.entries` and `entries6` are to be written to the steering's maps; empties them. */
    record(): void;
    /** Takes into an offloaded flow's row what the kernel saw of it; answers whether it so has a later deadline. */
    settle(id: number): boolean;
}
export declare class Engine {
    readonly batch: Batch;
    /** One turn; answers the number of frames that it was about. For the first it polls for `spinNs`, then sleeps up to `timeoutMs` (-1: for ever). */
    readonly turn: (spinNs: number, timeoutMs: number) => number;
    constructor(io: PacketIo, memory: PacketMemory, state: State, counters: Float64Array, hooks: EngineHooks);
}
