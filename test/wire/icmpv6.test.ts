import { describe, expect, it } from "vitest";
import * as icmpv6 from "../../src/wire/icmpv6.js";
import { echo, hex, icmp, neighbor, payload } from "../support/packets.js";
import { views } from "../support/views.js";

const BETWEEN = { src: "2001:db8::1", dst: "fd00::4" };

it("tells queries, errors and what multicast listeners say apart (RFC 4443 §2.1, RFC 3810)", () => {
  const types = (is: (bytes: Uint8Array, off: number) => boolean): number[] =>
    Array.from({ length: 256 }, (_, type) => type).filter((type) => is(Uint8Array.of(type), 0));
  expect(types(icmpv6.isQuery)).toEqual([128, 129]);
  expect(types(icmpv6.isRequest)).toEqual([128]);
  expect(types(icmpv6.isError)).toEqual([1, 2, 3, 4]);
  expect(types(icmpv6.isMulticastListener)).toEqual([130, 131, 132, 143]);
});

it("checks and fills the checksum, which covers the pseudo header (RFC 4443 §2.3)", () => {
  for (const packet of [echo(BETWEEN, 7), echo(BETWEEN, 7, true, payload(300)), icmp(BETWEEN, 2, 0, 1400, payload(101))]) {
    const { bytes, halves, words } = views(packet);
    const len = packet.length - 40;
    expect(icmpv6.checksumOk(bytes, halves, words, 4, 44, len)).toBe(true);
    const right = hex(bytes);
    bytes[46] = bytes[46]! ^ 0xa5;
    expect(icmpv6.checksumOk(bytes, halves, words, 4, 44, len)).toBe(false);
    icmpv6.fillChecksum(bytes, halves, words, 4, 44, len);
    expect(hex(bytes)).toBe(right);
  }
});

it("writes the head of an error, and reads what depends on its type", () => {
  const { bytes, halves } = views(new Uint8Array(12).fill(0xa5));
  icmpv6.emitError(bytes, halves, 4, icmpv6.PACKET_TOO_BIG, 0, 0x0001_0578);
  expect(hex(bytes.subarray(4, 12))).toBe("0200a5a500010578");
  expect(icmpv6.rest(halves, 4)).toBe(0x0001_0578);
});

describe("what an error of one family is in the other (RFC 7915)", () => {
  const pair = (said: number): [number, number] | null => (said === icmpv6.NONE ? null : [said >> 8, said & 0xff]);

  it.each([
    [
      3,
      [[1, 0], [1, 0], [4, 1], [1, 4], [2, 0], [1, 0], [1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 0], [1, 0], [1, 1], null, [1, 1], null],
    ],
    [
      11,
      [
        [3, 0],
        [3, 1],
      ],
    ],
    [12, [[4, 0], null, [4, 0], null]],
    [4, [null]],
    [5, [null]],
  ] as [number, ([number, number] | null)[]][])("ICMP type %i becomes ICMPv6 by code as §4.2 says", (type, codes) => {
    expect(codes.map((_, code) => pair(icmpv6.ofIcmp(type, code)))).toEqual(codes);
  });

  it.each([
    [1, [[3, 1], [3, 10], [3, 1], [3, 1], [3, 3], null, null]],
    [2, [[3, 4]]],
    [
      3,
      [
        [11, 0],
        [11, 1],
      ],
    ],
    [4, [[12, 0], [3, 2], null]],
    [128, [null]],
  ] as [number, ([number, number] | null)[]][])("ICMPv6 type %i becomes ICMP by code as §5.2 says", (type, codes) => {
    expect(codes.map((_, code) => pair(icmpv6.toIcmp(type, code)))).toEqual(codes);
  });
});

it("is what discovery's messages are", () => {
  expect(neighbor(BETWEEN, 135, "fd00::4")[6]).toBe(icmpv6.PROTO_ICMPV6);
});
