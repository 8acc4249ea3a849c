import type { State } from "../dataplane/state.js";
import type { PacketMemory } from "../mem/packet-memory.js";
/**
 * Asks for huge pages behind packet memory and conntrack, before either is written. With many flows each packet looks at a slot and a row
 * anywhere in the table, and with pages of 4 KiB the processor then looks up their addresses in memory, too (bench: `memory`, 1,000,000
 * flows). Only speed depends on it: a kernel that has none to give is not asked twice and nobody is told.
 */
export declare function useHugePages(memory: PacketMemory, state: State): void;
