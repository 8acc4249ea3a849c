import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as checksum from "../../src/wire/checksum.js";
import { bytesOf, sum as fullSum, payload, setU16 } from "../support/packets.js";
import { views } from "../support/views.js";

/** Stored fields as raw halves, as they lie in memory. */
const swap = (n: number): number => ((n & 0xff) << 8) | (n >>> 8);

describe("sum", () => {
  it("is RFC 1071's example (§3): 0001 f203 f4f5 f6f7 sums to ddf2", () => {
    const v = views(bytesOf("0001f203f4f5f6f7"));
    expect(swap(checksum.sum(v.halves, v.bytes, 4, 8))).toBe(0xddf2);
  });

  it("pads an odd last byte with zero, and reads nothing behind it", () => {
    for (let len = 0; len <= 67; len++) {
      const v = views(payload(len));
      expect(swap(checksum.sum(v.halves, v.bytes, 4, len)), `${len} bytes`).toBe(fullSum(payload(len)));
    }
  });

  it("does not overflow over 65,535 bytes of 0xff", () => {
    const v = views(new Uint8Array(65535).fill(0xff));
    expect(swap(checksum.sum(v.halves, v.bytes, 4, 65535))).toBe(fullSum(new Uint8Array(65535).fill(0xff)));
  });
});

describe("incremental update (RFC 1624)", () => {
  it("is RFC 1624's example (§4): 5555 becoming 3285 turns checksum dd2f into 0000", () => {
    const d = checksum.delta(swap(0x5555), swap(0x3285));
    expect(checksum.update(swap(0xdd2f), d)).toBe(0);
  });

  it("equals a full recompute for any exchange, forth and back, full and partial", () => {
    const word = fc.oneof(fc.integer(), fc.constantFrom(0, -1, 0xffff, 0xffff0000 | 0, 1, -0x80000000));
    const exchange = (old: [number, number], rest: number, next: [number, number]): void => {
      const block = Int32Array.of(...old, rest, 0x11223344);
      const bytes = new Uint8Array(block.buffer);
      setU16(bytes, 14, 0);
      const before = fullSum(bytes);
      const field = swap(~before & 0xffff);
      block.set(next);
      const d = checksum.combine(checksum.delta(old[0], next[0]), checksum.delta(old[1], next[1]));
      const updated = checksum.update(field, d);
      setU16(bytes, 14, swap(updated));
      expect(fullSum(bytes), "verifies").toBe(0xffff);
      setU16(bytes, 14, 0);
      expect(fullSum(Uint8Array.of(updated & 0xff, updated >> 8, 0, 0)) % 0xffff).toBe((~fullSum(bytes) & 0xffff) % 0xffff);
      expect(checksum.update(updated, checksum.negate(d)) % 0xffff).toBe(field % 0xffff);
      expect(swap(checksum.updatePartial(swap(before), d)) % 0xffff).toBe(fullSum(bytes) % 0xffff);
    };
    fc.assert(fc.property(fc.tuple(word, word), word, fc.tuple(word, word), exchange), { numRuns: 5000 });
  });

  it("leaves a checksum alone when nothing changes", () => {
    for (const field of [0x0001, 0x1234, 0xfffe]) {
      const d = checksum.delta(0x0a000001, 0x0a000001);
      expect(checksum.update(field, d)).toBe(field);
      expect(checksum.update(field, checksum.negate(d))).toBe(field);
    }
  });
});
