import { describe, expect, it } from "vitest";
import { DROP_CSUM_PLACE, DROP_NONE, DROP_VNET_HEADER } from "../../src/wire/drop.js";
import * as vnet from "../../src/wire/vnet.js";
import { bytesOf, hex, setVnet } from "../support/packets.js";
import { views } from "../support/views.js";

function check(fields: Parameters<typeof setVnet>[1], len: number): number {
  const v = views(setVnet(new Uint8Array(10), fields));
  return vnet.check(v.bytes, v.halves, 4, len);
}

it("emits ten zeros and nothing around them", () => {
  const v = views(new Uint8Array(10).fill(0xa5));
  vnet.emit(v.halves, 4);
  expect(hex(v.bytes.subarray(0, 18))).toBe(`a5a5a5a5${"00".repeat(10)}a5a5a5a5`);
});

it("reads known bytes (virtio 1.2 §5.1.6): NEEDS_CSUM, TCPV4, hdr_len 66, gso_size 1448, csum_start 34, csum_offset 16", () => {
  const v = views(bytesOf("0101" + "4200" + "a805" + "2200" + "1000"));
  expect(vnet.check(v.bytes, v.halves, 4, 3000)).toBe(DROP_NONE);
  expect([48, 50, 46].map((l4) => vnet.isPartial(v.bytes, v.halves, 4, l4))).toEqual([true, false, false]); // 4 + 10 + 34
  expect(vnet.isGso(v.bytes, 4)).toBe(true);
  vnet.setHdrLen(v.halves, 4, 0x1234);
  expect(hex(v.bytes.subarray(0, 18))).toBe("a5a5a5a5" + "0101" + "3412" + "a805" + "2200" + "1000" + "a5a5a5a5");
});

describe("check", () => {
  it.each([
    ["a plain header", {}, 60],
    ["hdr_len up to the frame's end", { hdrLen: 60 }, 60],
    ["a partial checksum right behind the Ethernet header", { flags: 1, start: 14, offset: 0 }, 60],
    ["hdr_len up to the end of a segmented frame", { gso: 1, gsoSize: 100, hdrLen: 300 }, 300],
    ["DATA_VALID from the kernel", { flags: 2 }, 60],
    ["a partial checksum that ends with the frame", { flags: 1, start: 34, offset: 16 }, 52],
    ["TCPv4 segmentation", { flags: 1, gso: 1, gsoSize: 1448, start: 34, offset: 16, hdrLen: 54 }, 9000],
    ["TCPv6 segmentation", { flags: 1, gso: 4, gsoSize: 1448, start: 54, offset: 16 }, 9000],
    ["UDP segmentation", { flags: 1, gso: 5, gsoSize: 1400, start: 34, offset: 6 }, 9000],
    ["TCPv4 segmentation with ECN", { flags: 1, gso: 0x81, gsoSize: 1448, start: 34, offset: 16 }, 9000],
  ])("accepts %s", (_, fields, len) => {
    expect(check(fields, len)).toBe(DROP_NONE);
  });

  it.each([
    ["hdr_len behind the end", { hdrLen: 61 }, 60],
    ["hdr_len behind the end of a segmented frame", { gso: 1, gsoSize: 100, hdrLen: 301 }, 300],
    ["csum_start behind the end", { flags: 1, start: 61, offset: 0 }, 60],
    ["a checksum field half behind the end", { flags: 1, start: 34, offset: 16 }, 51],
    ["csum_start and csum_offset whose sum wraps 16 bits", { flags: 1, start: 0xffff, offset: 0xffff }, 60],
    ["csum_start inside of the Ethernet header", { flags: 1, start: 13, offset: 16 }, 60],
    ["congestion bits of no segmentation", { gso: 0x80 }, 60],
    ["segmentation into nothing", { gso: 1, gsoSize: 0 }, 3000],
    ["an unknown segmentation type", { gso: 7, gsoSize: 100 }, 3000],
  ])("refuses %s", (_, fields, len) => {
    expect(check(fields, len)).toBe(DROP_VNET_HEADER);
  });

  it("refuses every frame length that cuts a partial checksum short", () => {
    for (let len = 14; len < 52; len++) expect(check({ flags: 1, start: 34, offset: 16 }, len), `${len}`).toBe(DROP_VNET_HEADER);
  });
});

describe("checkLayer4, with layer 4 at byte 34 of the frame", () => {
  const ICMP = 1,
    TCP = 6,
    UDP = 17,
    GRE = 47;
  const layer4 = (proto: number, fields: Parameters<typeof setVnet>[1], tcpGso = vnet.GSO_TCPV4): number => {
    const v = views(setVnet(new Uint8Array(10), fields));
    return vnet.checkLayer4(v.bytes, v.halves, 4, 4 + 10 + 34, proto, tcpGso);
  };

  it.each([
    ["TCP's", TCP, 16],
    ["UDP's", UDP, 6],
  ])("lets %s checksum be completed in its own place alone, in one packet and in several", (_, proto, field) => {
    const gso = proto === TCP ? 1 : 5;
    for (let start = 14; start < 42; start++)
      for (let offset = 0; offset < 40; offset++) {
        const right = start === 34 && offset === field;
        expect(layer4(proto, { flags: 1, start, offset }), `${start}, ${offset}`).toBe(right ? DROP_NONE : DROP_CSUM_PLACE);
        expect(layer4(proto, { flags: 1, start, offset, gso, gsoSize: 100 })).toBe(right ? DROP_NONE : DROP_CSUM_PLACE);
      }
  });

  it("lets a sum of what is behind a UDP header be put behind it, as of a tunnel's inner packet, in one datagram", () => {
    for (const start of [42, 50, 84, 2000]) {
      expect(layer4(UDP, { flags: 1, start, offset: 16 })).toBe(DROP_NONE);
      expect(layer4(UDP, { flags: 1, start, offset: 16, gso: 5, gsoSize: 100 })).toBe(DROP_CSUM_PLACE);
      expect(layer4(TCP, { flags: 1, start, offset: 16 })).toBe(DROP_CSUM_PLACE);
    }
  });

  it("lets nothing be put before layer 4 of other protocols, and nothing into ICMP and fragments", () => {
    expect([33, 34, 58].map((start) => layer4(GRE, { flags: 1, start, offset: 16 }))).toEqual([DROP_CSUM_PLACE, DROP_NONE, DROP_NONE]);
    for (const proto of [ICMP, vnet.FRAGMENT])
      for (const start of [14, 34, 42, 100]) expect(layer4(proto, { flags: 1, start, offset: 2 })).toBe(DROP_CSUM_PLACE);
  });

  it("lets each protocol be segmented as itself alone", () => {
    const gsos = [1, 0x81, 3, 0x83, 4, 0x84, 5, 0x85];
    const passing = (proto: number, tcpGso = vnet.GSO_TCPV4): number[] =>
      gsos.filter((gso) => layer4(proto, { gso, gsoSize: 100 }, tcpGso) === DROP_NONE);
    expect(passing(TCP)).toEqual([1, 0x81]);
    expect(passing(TCP, vnet.GSO_TCPV6)).toEqual([4, 0x84]);
    expect(passing(UDP)).toEqual([5]);
    for (const proto of [ICMP, GRE, vnet.FRAGMENT]) expect(passing(proto)).toEqual([]);
    expect(layer4(TCP, { gso: 5, gsoSize: 100 })).toBe(DROP_VNET_HEADER);
  });

  it("asks nothing of a frame that asks for nothing", () => {
    for (const proto of [ICMP, TCP, UDP, GRE, vnet.FRAGMENT])
      for (const flags of [0, 2]) expect(layer4(proto, { flags, start: 20, offset: 6 })).toBe(DROP_NONE);
  });
});
