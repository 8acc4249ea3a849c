import { expect, it } from "vitest";
import { copyBytes, lanesOf } from "../../src/wire/lanes.js";

it("copies every byte from any place to any other, and writes at most up to the end of the last word", () => {
  const from = lanesOf(new ArrayBuffer(64));
  for (let k = 0; k < 64; k++) from.bytes[k] = k + 1;
  for (let at = 0; at < 8; at++) {
    for (let begin = 0; begin < 8; begin++) {
      for (let size = 0; size <= 21; size++) {
        const to = lanesOf(new ArrayBuffer(64));
        copyBytes(to, at, from, begin, size);
        expect(to.bytes.subarray(at, at + size)).toEqual(from.bytes.subarray(begin, begin + size));
        expect(to.bytes.subarray(0, at).every((byte) => byte === 0)).toBe(true);
        expect(to.bytes.subarray((at + size + 3) & ~3).every((byte) => byte === 0)).toBe(true);
      }
    }
  }
});

it("copies to what begins in the middle of a memory", () => {
  const memory = new SharedArrayBuffer(16);
  copyBytes(lanesOf(memory, 8), 0, lanesOf(new Uint8Array([1, 2, 3, 4, 5]).buffer.slice(0, 4)), 0, 4);
  expect([...new Uint8Array(memory)]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 0, 0]);
});
