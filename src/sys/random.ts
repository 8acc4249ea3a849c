/** What nobody can guess. Not by `node:crypto`, which takes 2 ms to load. */
import { native, systemError } from "./native.js";

function fill(block: Uint8Array): Uint8Array {
  const result = native.random(block);
  if (result !== 0) throw systemError("getrandom", result);
  return block;
}

/** `bytes` of them, in hexadecimal. Throws TSP_ERR_SYSCALL where the kernel has none. */
export function randomHex(bytes: number): string {
  return Buffer.from(fill(new Uint8Array(bytes))).toString("hex");
}

/** An int32. Throws as `randomHex` does. */
export function randomWord(): number {
  return new DataView(fill(new Uint8Array(4)).buffer).getInt32(0);
}
