import { expect, it } from "vitest";
import * as raw from "../../src/wire/raw.js";

const bytes = Uint8Array.of(0xac, 0x11, 0x00, 0x04);

it("turns an int32 into the word that lies in memory for it, and back", () => {
  expect(raw.rawWord(0xac110004 | 0)).toBe(new Int32Array(bytes.buffer)[0]);
  for (const n of [0, 1, -1, 0x7fffffff, -0x80000000, 0x01020304]) expect(raw.rawWord(raw.rawWord(n))).toBe(n);
});

it("does the same for 16 bits", () => {
  expect(raw.rawHalf(0xac11)).toBe(new Uint16Array(bytes.buffer)[0]);
  for (const n of [0, 1, 0xff, 0x100, 0xffff]) expect(raw.rawHalf(raw.rawHalf(n))).toBe(n);
});

it("takes a ports word apart as TCP and UDP headers begin", () => {
  const wordOf = (...header: number[]): number => new Int32Array(Uint8Array.from(header).buffer)[0]!;
  const word = wordOf(0x1f, 0x90, 0xee, 0x48);
  expect(raw.srcPort(word)).toBe(0x1f90);
  expect(raw.dstPort(word)).toBe(0xee48);
  expect(raw.swapPorts(word)).toBe(wordOf(0xee, 0x48, 0x1f, 0x90));
});

it.each([
  [0, "0.0.0.0"],
  [1, "128.0.0.0"],
  [8, "255.0.0.0"],
  [20, "255.255.240.0"],
  [32, "255.255.255.255"],
])("makes the mask of /%i", (length, text) => {
  expect([...new Uint8Array(Int32Array.of(raw.rawMask(length)).buffer)].join(".")).toBe(text);
});
