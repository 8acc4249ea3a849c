/** `emit`, as far as it gives frames back to the engine (`steer/emit-program.ts`). */
import { VNET } from "./packets.js";

/** The frame as it comes back: `code` is a RETURNED_* of `wire/flow-entry.ts`, `mtu` the way's. */
export function givenBack(bytes: Uint8Array, code: number, mtu = 0): Uint8Array {
  const frame = Uint8Array.from(bytes);
  frame.set([0, code, mtu & 0xff, mtu >> 8], VNET + 6);
  frame.set([0x88, 0xb5], VNET + 12);
  return frame;
}
