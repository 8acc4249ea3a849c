import { expect, it } from "vitest";
import { delta } from "../../src/wire/checksum.js";
import * as icmp from "../../src/wire/icmp.js";
import { rawHalf } from "../../src/wire/raw.js";
import { bytesOf, hex, payload, setU16, sum } from "../support/packets.js";
import { views } from "../support/views.js";

function withSum(message: Uint8Array): Uint8Array {
  setU16(message, 2, 0);
  setU16(message, 2, ~sum(message) & 0xffff);
  return message;
}

it("reads known bytes of an echo request (RFC 792)", () => {
  const v = views(bytesOf("0800f7ff00000000"));
  expect(icmp.type(v.bytes, 4)).toBe(icmp.ECHO);
  expect([icmp.isQuery(v.bytes, 4), icmp.isRequest(v.bytes, 4)]).toEqual([true, true]);
  expect(icmp.isError(v.bytes, 4)).toBe(false);
  expect(icmp.checksumOk(v.bytes, v.halves, 4, 8)).toBe(true);
});

it("sorts all 256 types", () => {
  const v = views(new Uint8Array(8));
  for (let type = 0; type < 256; type++) {
    v.bytes[4] = type;
    const isRequest = [8, 13, 15, 17].indexOf(type);
    const isReply = [0, 14, 16, 18].indexOf(type);
    const isQuery = isRequest !== -1 || isReply !== -1;
    expect(icmp.isQuery(v.bytes, 4), `${type}`).toBe(isQuery);
    if (isQuery) expect([icmp.isRequest(v.bytes, 4), icmp.query(v.bytes, 4)]).toEqual([isRequest !== -1, Math.max(isRequest, isReply)]);
    expect(icmp.isError(v.bytes, 4), `${type}`).toBe(type === 3 || type === 11 || type === 12);
    expect(icmp.isOfRouter(v.bytes, 4), `${type}`).toBe(type === 5 || type === 9);
  }
});

it("exchanges the identifier with a right checksum, and touches nothing else", () => {
  const message = withSum(bytesOf(`08000000123400ff${hex(payload(7))}`));
  const v = views(message);
  expect(icmp.identifier(v.halves, 4)).toBe(rawHalf(0x1234));
  icmp.setIdentifier(v.halves, 4, rawHalf(0xf00d), delta(rawHalf(0x1234), rawHalf(0xf00d)));
  const expected = message.slice();
  setU16(expected, 4, 0xf00d);
  expect(hex(v.bytes)).toBe(`a5a5a5a5${hex(withSum(expected))}${"a5".repeat(v.bytes.length - 4 - expected.length)}`);
});

it.each([28, 29, 548])("emits an error header before %i quoted bytes, and touches nothing else", (quoted) => {
  const message = new Uint8Array(8 + quoted).fill(0xa5);
  message.set(payload(quoted), 8);
  const v = views(message);
  icmp.emitError(v.bytes, v.halves, 4, message.length, icmp.UNREACHABLE, 4, 1400);
  const expected = withSum(Uint8Array.of(3, 4, 0, 0, 0, 0, 1400 >> 8, 1400 & 0xff, ...payload(quoted)));
  expect(hex(v.bytes)).toBe(`a5a5a5a5${hex(expected)}${"a5".repeat(v.bytes.length - 4 - expected.length)}`);
});

it("finds every single wrong bit of a message", () => {
  const message = withSum(bytesOf(`0000000056780001${hex(payload(5))}`));
  for (let bit = 0; bit < message.length * 8; bit++) {
    const v = views(message);
    v.bytes[4 + (bit >> 3)] = v.bytes[4 + (bit >> 3)]! ^ (1 << (bit & 7));
    expect(icmp.checksumOk(v.bytes, v.halves, 4, message.length), `bit ${bit}`).toBe(false);
  }
});
