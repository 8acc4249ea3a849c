import { expect, it } from "vitest";
import * as crc from "../../src/wire/crc32c.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

it("is CRC32c: the check value, and the examples of RFC 3720 §B.4", () => {
  const of = (bytes: Uint8Array): number => crc.finish(crc.update(crc.START, bytes, 0, bytes.length)) >>> 0;
  expect(of(new TextEncoder().encode("123456789"))).toBe(0xe3069283);
  expect(of(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(of(new Uint8Array(32).fill(0xff))).toBe(0x62a8ab43);
  expect(of(Uint8Array.from({ length: 32 }, (_, n) => n))).toBe(0x46dd794e);
});

it("changes with the first word as a full recompute says, at every length", () => {
  const random = new Random(1);
  for (let n = 0; n < 400; n++) {
    const len = n < 300 ? 12 + n : 12 + random.below(65_000);
    const words = new Int32Array((len + 3) >> 2).map(random.int32);
    const bytes = new Uint8Array(words.buffer, 0, len);
    const before = p.crc32c(bytes);
    const change = random.int32();
    words[0] = words[0]! ^ change;
    expect((before ^ crc.changeOfFirstWord(change, len)) >>> 0, `${len}`).toBe(p.crc32c(bytes));
  }
});
