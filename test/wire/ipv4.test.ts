import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { combine, delta } from "../../src/wire/checksum.js";
import { DROP_IP_HEADER, DROP_NONE, DROP_TRUNCATED } from "../../src/wire/drop.js";
import * as ipv4 from "../../src/wire/ipv4.js";
import { raw } from "../support/dataplane.js";
import { ipv4 as build, bytesOf, hex, payload, sum } from "../support/packets.js";
import { views } from "../support/views.js";

/** The header in Wikipedia's and many lectures' worked example of the checksum: b861. */
const KNOWN = bytesOf("4500007300004000" + "4011b861" + "c0a80001" + "c0a800c7");
const SRC = raw("172.17.0.4"),
  DST = raw("198.51.100.9");

it("reads known bytes (RFC 791 §3.1)", () => {
  const v = views(KNOWN);
  expect(ipv4.check(v.bytes, 4, 0x73)).toBe(DROP_NONE);
  expect(ipv4.headerSize(v.bytes, 4)).toBe(20);
  expect(ipv4.totalLength(v.bytes, 4)).toBe(115);
  expect(ipv4.ttl(v.bytes, 4)).toBe(64);
  expect(ipv4.protocol(v.bytes, 4)).toBe(ipv4.PROTO_UDP);
  expect(ipv4.src(v.words, 4)).toBe(raw("192.168.0.1"));
  expect(ipv4.dst(v.words, 4)).toBe(raw("192.168.0.199"));
  expect(ipv4.isFragment(v.halves, 4)).toBe(false);
  expect(ipv4.checksumOk(v.bytes, v.halves, 4)).toBe(true);
});

it("tells a right checksum from the five words of a header, with every bit of it turned over and none", () => {
  const v = views(KNOWN);
  const isRight = (): boolean => ipv4.isSumOf(v.words[1]!, v.words[2]!, v.words[3]!, v.words[4]!, v.words[5]!);
  expect(isRight()).toBe(true);
  for (let bit = 0; bit < 160; bit++) {
    const at = 4 + (bit >> 3);
    v.bytes[at] = v.bytes[at]! ^ (1 << (bit & 7));
    expect([isRight(), ipv4.checksumOk(v.bytes, v.halves, 4) && (v.bytes[4]! & 15) === 5], `bit ${bit}`).toEqual([false, false]);
    v.bytes[at] = v.bytes[at]! ^ (1 << (bit & 7));
  }
});

it("knows groups and broadcast (RFC 5771, RFC 919)", () => {
  expect(["223.255.255.255", "224.0.0.0", "239.255.255.255", "240.0.0.0"].map((a) => ipv4.isMulticast(raw(a)))).toEqual([
    false,
    true,
    true,
    false,
  ]);
  expect(raw("255.255.255.255")).toBe(ipv4.BROADCAST);
});

it("fills in the known checksum", () => {
  const v = views(KNOWN);
  v.bytes[14] = 0xde;
  v.bytes[15] = 0xad;
  expect(ipv4.checksumOk(v.bytes, v.halves, 4)).toBe(false);
  ipv4.fillChecksum(v.bytes, v.halves, 4);
  expect(hex(v.bytes.subarray(14, 16))).toBe("b861");
});

it("emits a whole header over dirt, and nothing around it", () => {
  const v = views(new Uint8Array(20).fill(0xa5));
  ipv4.emit(v.bytes, v.halves, v.words, 4, 0x0123, 64, ipv4.PROTO_ICMP, SRC, DST);
  expect(hex(v.bytes.subarray(0, 14))).toBe("a5a5a5a5" + "45000123" + "00004000" + "4001");
  expect(hex(v.bytes.subarray(16))).toBe(`ac110004c6336409${"a5".repeat(v.bytes.length - 24)}`);
  expect(sum(v.bytes.subarray(4, 24))).toBe(0xffff);
});

it.each([0, 4, 40])("exchanges addresses and decrements TTL with %i bytes of options, checksum right, nothing else touched", (options) => {
  const before = build({ src: "10.1.2.3", dst: "192.0.2.1", options: payload(options), ttl: 2 }, 6, payload(8));
  const v = views(before);
  const d = combine(delta(raw("10.1.2.3"), SRC), delta(raw("192.0.2.1"), DST));
  ipv4.setAddresses(v.words, v.halves, 4, SRC, DST, d);
  ipv4.decrementTtl(v.bytes, v.halves, 4);
  const after = build({ src: "172.17.0.4", dst: "198.51.100.9", options: payload(options), ttl: 1 }, 6, payload(8));
  expect(hex(v.bytes.subarray(4, 4 + after.length))).toBe(hex(after));
  expect(v.bytes[3]).toBe(0xa5);
});

it("decrements every TTL from 255 to 1 with a right checksum", () => {
  const v = views(build({ src: "1.2.3.4", dst: "5.6.7.8", ttl: 255 }, 17, payload(1)));
  for (let ttl = 254; ttl >= 0; ttl--) {
    ipv4.decrementTtl(v.bytes, v.halves, 4);
    expect(v.bytes[12]).toBe(ttl);
    expect(sum(v.bytes.subarray(4, 24))).toBe(0xffff);
  }
});

it.each([
  [0x4000, false, false],
  [0x2000, true, false],
  [0x2001, true, true],
  [0x00b9, true, true],
  [0x1fff, true, true],
  [0x8000, false, false],
])("tells fragments by flags and offset %i", (fragment, is, later) => {
  const v = views(build({ src: "1.2.3.4", dst: "5.6.7.8", fragment }, 17, payload(1)));
  expect(ipv4.isFragment(v.halves, 4)).toBe(is);
  expect(ipv4.isLaterFragment(v.halves, 4)).toBe(later);
});

describe("check", () => {
  const change = (at: number, value: number): number => {
    const v = views(KNOWN);
    v.bytes[4 + at] = value;
    return ipv4.check(v.bytes, 4, 115);
  };

  it("is truncated at every length below the total length", () => {
    const v = views(KNOWN);
    for (let len = 0; len < 115; len++) expect(ipv4.check(v.bytes, 4, len), `${len}`).toBe(DROP_TRUNCATED);
  });

  it("takes a header that is all of the datagram, with and without options, in a frame that ends with it", () => {
    for (const ihl of [5, 6, 15]) {
      const v = views(KNOWN);
      v.bytes.set([0x40 | ihl, 0, 0, 4 * ihl], 4);
      expect(ipv4.check(v.bytes, 4, 4 * ihl), `IHL ${ihl}`).toBe(DROP_NONE);
    }
  });

  it("refuses every version but 4, every IHL below 5, and one longer than the total length (RFC 791 §3.1)", () => {
    for (let version = 0; version < 16; version++)
      expect(change(0, (version << 4) | 5), `version ${version}`).toBe(version === 4 ? DROP_NONE : DROP_IP_HEADER);
    for (let ihl = 0; ihl < 5; ihl++) expect(change(0, 0x40 | ihl), `IHL ${ihl}`).toBe(DROP_IP_HEADER);
    const v = views(KNOWN);
    v.bytes.set([0x4f, 0, 0, 59], 4);
    expect(ipv4.check(v.bytes, 4, 115)).toBe(DROP_IP_HEADER);
  });

  it("refuses a total length below the header's", () => {
    const v = views(KNOWN);
    for (let total = 0; total < 20; total++) {
      v.bytes.set([0, total], 6);
      expect(ipv4.check(v.bytes, 4, 115)).toBe(DROP_IP_HEADER);
    }
  });
});

describe("fields taken from whole words", () => {
  it("are those of the header, whatever it is", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), (header) => {
        const v = views(header);
        const [first = 0, second = 0, third = 0, src = 0, dst = 0] = [0, 1, 2, 3, 4].map((n) => v.words[1 + n]!);
        expect(ipv4.firstByteOf(first)).toBe(header[0]);
        expect(ipv4.totalLengthOf(first)).toBe(ipv4.totalLength(v.bytes, 4));
        expect(ipv4.isFragmentOf(second)).toBe(ipv4.isFragment(v.halves, 4));
        expect(ipv4.ttlOf(third)).toBe(header[8]);
        expect(ipv4.protocolOf(third)).toBe(header[9]);
        expect([src, dst]).toEqual([ipv4.src(v.words, 4), ipv4.dst(v.words, 4)]);
        expect([
          v.words[1 + ipv4.SECOND_WORD],
          v.words[1 + ipv4.THIRD_WORD],
          v.words[1 + ipv4.SRC_WORD],
          v.words[1 + ipv4.DST_WORD],
        ]).toEqual([second, third, src, dst]);
      }),
    );
  });

  it("say whether the checksum is right", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 20, maxLength: 20 }), fc.nat(65_534), (bytes, other) => {
        const header = Uint8Array.from(bytes).fill(0x45, 0, 1);
        const v = views(header);
        ipv4.fillChecksum(v.bytes, v.halves, 4);
        const isRight = (): boolean => ipv4.isSumOf(v.words[1]!, v.words[2]!, v.words[3]!, v.words[4]!, v.words[5]!);
        expect(isRight()).toBe(true);
        const right = v.halves[7]!;
        v.halves[7] = other;
        expect(isRight()).toBe(other % 0xffff === right % 0xffff);
      }),
    );
  });

  it("take hops off the TTL, and the checksum with them", () => {
    for (const ttl of [1, 2, 64, 255])
      for (const hops of [0, 1]) {
        const v = views(build({ src: "1.2.3.4", dst: "5.6.7.8", ttl }, 17, payload(1)));
        v.words[3] = ipv4.thirdWordAfter(v.words[3]!, hops, hops === 1 ? ipv4.TTL_DELTA : 0);
        expect([v.bytes[12], v.bytes[13]]).toEqual([ttl - hops, 17]);
        expect(sum(v.bytes.subarray(4, 24))).toBe(0xffff);
      }
  });
});

describe("fragments of a datagram", () => {
  const header = (options = ""): Uint8Array =>
    bytesOf(`4${(5 + options.length / 8).toString(16)}000fa0123420004011 0000 c0000201 cb007150`.replaceAll(" ", "") + options);

  it("may be made unless DF is set", () => {
    for (const [field, may] of [
      ["0000", true],
      ["2000", true],
      ["4000", false],
      ["00b9", true],
    ] as const) {
      const bytes = bytesOf(`a5a5${"45000014abcd"}${field}`);
      expect(ipv4.mayFragment(new Uint16Array(bytes.buffer), 2), field).toBe(may);
    }
  });

  it("have their place and length in the header, with a right checksum, and 'more' as the whole had it", () => {
    const at = header();
    const halves = new Uint16Array(at.buffer);
    const place = ipv4.fragmentPlace(halves, 0);
    expect(place).toBe(0x2000);
    ipv4.setFragment(at, halves, 0, 1396, place, 2752, false);
    expect([hex(at.subarray(2, 8)), ipv4.checksumOk(at, halves, 0)]).toEqual(["0574" + "1234" + "2158", true]);
    ipv4.setFragment(at, halves, 0, 28, 0, 8, true);
    expect([hex(at.subarray(2, 8)), ipv4.checksumOk(at, halves, 0)]).toEqual(["001c" + "1234" + "2001", true]);
  });

  it.each([
    ["record route goes, security stays", "07070400000000" + "8204010200", `${"01".repeat(7)}8204010200`],
    [
      "a no-operation is one byte, the end of options ends them",
      "01" + "4404050000" + "0007",
      `01${"4404050000".replace("44040500", "01010101")}0007`,
    ],
    ["one that says to be longer than the header is cut there", "070d0000", "01010101"],
    ["one that says to have no length has two bytes", "0700" + "8202", "0101" + "8202"],
  ])("have no options but copied ones, from the second on (RFC 791 §3.1): %s", (_, before, after) => {
    const at = bytesOf(`${"00".repeat(20)}${before}a5a5`);
    ipv4.dropOptionsOfFirst(at, 0, 20 + before.length / 2);
    expect(hex(at.subarray(20))).toBe(`${after}a5a5`);
  });
});
