/**
 * What a filter on a device of the host's runs: a program that goes on with the one in an array of one (BPF_MAP_TYPE_PROG_ARRAY), and lets everything pass
 * when there is none. The kernel empties the array when its last descriptor is closed (`prog_array_map_clear`, kernel/bpf/arraymap.c): when its process has
 * ended, and nobody keeps it for the next one. So the kernel can be asked whether somebody will come for a filter whose process is no more.
 */
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
import { Assembler } from "./assembler.js";
import { TC_ACT_UNSPEC } from "./program.js";

/** enum bpf_func_id. */
const TAIL_CALL = 12;
const FIRST = new Uint8Array(4);

/** Descriptors of both; the kernel keeps `program` as long as it is attached. */
export interface Stub {
  array: number;
  program: number;
}

/** `progFd`: what it goes on with; default: itself, which is for where no packet comes. Throws what `bpf.loadProgram` throws. */
export function loadStub(progFd?: number): Stub {
  const array = bpf.createMap({ name: "tsproxy_place", type: bpf.MAP_PROG_ARRAY, keySize: 4, valueSize: 4, maxEntries: 1 });
  let program: number | undefined;
  try {
    program = bpf.loadProgram("tsproxy_stub", stubProgram(array));
    goOnWith(array, progFd ?? program);
    return { array, program };
  } catch (error) {
    for (const fd of [array, program]) if (fd !== undefined) fs.closeSync(fd);
    throw error;
  }
}

function stubProgram(array: number): Uint8Array {
  return new Assembler().loadMap("r2", array).mov("r3", 0).call(TAIL_CALL).mov("r0", TC_ACT_UNSPEC).exit().assemble();
}

/** Another program, between two packets. */
export function goOnWith(array: number, progFd: number): void {
  bpf.updateElement(array, FIRST, new Uint8Array(Uint32Array.of(progFd).buffer));
}

/** Whether the stub with this number goes on with a program still. False, too, where that is not told: it takes CAP_SYS_ADMIN. */
export function isInForce(program: number): boolean {
  const array = bpf.mapOfProgram(program);
  if (array === null) return false;
  try {
    return bpf.getElement(array, FIRST, new Uint8Array(4)) === 0;
  } finally {
    fs.closeSync(array);
  }
}
