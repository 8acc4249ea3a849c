import { type State } from "../dataplane/state.js";
import type { PacketIo } from "../device/packet-io.js";
import type { FlowFile } from "../table/flow-file.js";
import type { EngineHooks } from "./engine.js";
import type { FromWorker, ToWorker } from "./messages.js";
/** One of the steering's maps `flows` and `flows6`. Its entries are laid out in `wire/flow-entry.ts`. */
export interface FlowMap {
    /** Copies the value of `key` into `value`; false, and nothing is copied, when there is none. */
    lookup(key: Uint8Array, value: Uint8Array): boolean;
    /** Adds or replaces the first `count` entries; keys and values lie one behind the other. */
    put(keys: Uint8Array, values: Uint8Array, count: number): void;
    /** Deletes the first `count` of `keys`, which lie one behind the other; those that are not there are passed over. */
    delete(keys: Uint8Array, count: number): void;
}
/** What commands need beside the tables and the packet input and output. */
export interface CommandsHooks {
    tell(message: FromWorker): void;
    /** Has it noticed when `fd` becomes readable. */
    watch(fd: number): void;
    /** The map behind the descriptor, with keys of that family. */
    openFlowMap(fd: number, family: 4 | 6): FlowMap;
    /** What former processes left. */
    readFormer(): FlowFile[];
}
export declare class Commands implements EngineHooks {
    private readonly state;
    private readonly io;
    private readonly counters;
    private readonly hooks;
    /** Until the control side says stop. */
    running: boolean;
    private flowMap;
    private flowMap6;
    private acrossMap;
    /** Where steering carries flows by itself. */
    private offload;
    private mapIsNew;
    /** Ports that are not read yet, and how to begin. */
    private readonly unread;
    private former;
    private readonly overlay;
    private readonly rules;
    /** Words held for what the control side said last. */
    private localWords;
    constructor(state: State, io: Pick<PacketIo, "addPort" | "addRing" | "removePort">, counters: Float64Array, hooks: CommandsHooks);
    carryOut(m: ToWorker): void;
    portGone(port: number, errno: number): void;
    /** Takes the steering entries of ended flows out of the maps `flows` and `flows6`. */
    forget(): void;
    /** Writes `state.entries` and `entries6` into the maps. */
    record(): void;
    settle(id: number): boolean;
    /** Words of addresses of the configuration, of which at most one is of each family; NO_ADDRESS for the family that is missing. */
    private wordsOf;
    private addNetwork;
    private removeNetwork;
    /** Words are held as long as there are ports. */
    private link;
    /**
     * A flow that leaves with an address which the host no longer has ends: its answers come no more. Its next packet opens another, with an address
     * that the host has, as behind the kernel's MASQUERADE.
     */
    private setLocals;
    private addPort;
    /** From now on; but what waits to be read may be of flows that a former process knew, so not before these were looked at. */
    private read;
    /** Its flows end too: the number may soon be another port's. */
    private removePort;
    private endFlows;
    /**
     * Ends the flows for which `matches` holds, and their steering at once: with nothing to do the loop may sleep for long before its next turn
     * ends. Answers how many.
     */
    private flush;
    private adopt;
    private useSteering;
    private answer;
}
