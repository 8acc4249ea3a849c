import { describe, expect, it } from "vitest";
import { DROP_IP_HEADER, DROP_NONE, DROP_TRUNCATED } from "../../src/wire/drop.js";
import { macHi, macLo } from "../../src/wire/ethernet.js";
import * as ip6 from "../../src/wire/ipv6.js";
import { extension, fragment6, ICMPV6, ip6Bytes, ipv6, macBytes, payload } from "../support/packets.js";
import { views } from "../support/views.js";

const SRC = "fe80::42:acff:fe11:4",
  TCP = 6;

it("checks version and length (RFC 8200 §3), and is truncated at every shorter length", () => {
  const packet = ipv6(SRC, "ff02::1", TCP, payload(20));
  const v = views(packet);
  expect(ip6.payloadLength(v.halves, 4)).toBe(20);
  expect(ip6.check(v.bytes, v.halves, 4, 60)).toBe(DROP_NONE);
  expect(ip6.check(v.bytes, v.halves, 4, 66)).toBe(DROP_NONE); // padding
  for (let len = 0; len < 60; len++) expect(ip6.check(v.bytes, v.halves, 4, len), `${len}`).toBe(DROP_TRUNCATED);
  const wrong = views(packet.with(0, 0x45));
  expect(ip6.check(wrong.bytes, wrong.halves, 4, 60)).toBe(DROP_IP_HEADER);
});

describe("layer4", () => {
  const walk = (next: number, body: Uint8Array, len = 40 + body.length): number => {
    const v = views(ipv6(SRC, "ff02::1", next, body));
    return ip6.layer4(v.bytes, v.halves, 4, len);
  };
  const read = (answer: number): [number, number, boolean] => [
    ip6.layer4Offset(answer),
    ip6.layer4Proto(answer),
    ip6.isFirstFragment(answer),
  ];

  it("is behind the header, and behind all that extends it (RFC 8200 §4)", () => {
    const tcp = payload(20);
    expect(read(walk(TCP, tcp))).toEqual([40, TCP, false]);
    for (const type of [0, 43, 60, 135, 139, 140]) {
      expect(read(walk(type, extension(TCP, tcp)))).toEqual([48, TCP, false]);
      expect(read(walk(type, extension(TCP, tcp, 24)))).toEqual([64, TCP, false]);
    }
    expect(read(walk(0, extension(60, extension(43, extension(ICMPV6, tcp), 16))))).toEqual([72, ICMPV6, false]);
    expect(read(walk(51, extension(TCP, tcp, 24).with(1, 4)))).toEqual([64, TCP, false]); // counts words of 4 bytes, less 2 (RFC 4302 §2.2)
    expect(read(walk(50, tcp))).toEqual([40, 50, false]); // encrypted: no more is known
    expect(read(walk(59, new Uint8Array(0)))).toEqual([40, 59, false]); // nothing follows
  });

  it("tells fragments: the first one has it, others do not (RFC 8200 §4.5)", () => {
    expect(read(walk(44, fragment6(TCP, 0, true, payload(20))))).toEqual([48, TCP, true]);
    expect(read(walk(44, fragment6(TCP, 0, false, payload(20))))).toEqual([48, TCP, false]);
    expect(read(walk(60, extension(44, fragment6(60, 0, true, extension(TCP, payload(20))))))).toEqual([64, TCP, true]);
    for (const offset of [8, 0xfff8]) expect(walk(44, fragment6(TCP, offset, false, payload(20)))).toBe(ip6.LATER_FRAGMENT);
  });

  it("has no end where the chain goes on behind what can be looked at, at every length, or is too long", () => {
    const body = extension(60, extension(TCP, new Uint8Array(0), 16));
    for (let len = 40; len < 64; len++) expect(walk(0, body, len), `${len}`).toBe(ip6.NO_END);
    expect(read(walk(0, body, 64))).toEqual([64, TCP, false]);
    let chain = extension(TCP, payload(20));
    for (let n = 1; n < 8; n++) chain = extension(60, chain);
    expect(read(walk(60, chain))).toEqual([104, TCP, false]);
    expect(walk(60, extension(60, chain))).toBe(ip6.NO_END);
  });
});

it("tells kinds of addresses (RFC 4291 §2.4)", () => {
  const kinds = (text: string): boolean[] => {
    const v = views(ip6Bytes(text));
    return [ip6.isLinkLocal(v.bytes, 4), ip6.isMulticast(v.bytes, 4), ip6.isUnspecified(v.words, 4)];
  };
  for (const linkLocal of ["fe80::1", "febf:1::1"]) expect(kinds(linkLocal)).toEqual([true, false, false]);
  expect(kinds("ff02::1")).toEqual([false, true, false]);
  expect(kinds("::")).toEqual([false, false, true]);
  for (const other of ["::1", "fd00::4", "fec0::1", "2001:db8::fe80", "1::", "0:0:0:1::"])
    expect(kinds(other)).toEqual([false, false, false]);
});

it("knows the link-local address of a MAC, and no other (RFC 4291 Appendix A)", () => {
  const of = (text: string, mac: string): boolean =>
    ip6.isLinkLocalOf(views(ip6Bytes(text)).halves, 4, macHi(macBytes(mac)), macLo(macBytes(mac)));
  expect(of("fe80::42:acff:fe11:4", "02:42:ac:11:00:04")).toBe(true);
  expect(of("fe80::225:96ff:fe12:3456", "00:25:96:12:34:56")).toBe(true);
  const own = ip6Bytes(SRC);
  for (let i = 0; i < 16; i++) {
    const other = own.with(i, own[i]! ^ 1);
    expect(
      ip6.isLinkLocalOf(views(other).halves, 4, macHi(macBytes("02:42:ac:11:00:04")), macLo(macBytes("02:42:ac:11:00:04"))),
      `byte ${i}`,
    ).toBe(false);
  }
});
