import { describe, expect, it } from "vitest";
import { macHi, macLo } from "../../src/wire/ethernet.js";
import * as ipv6 from "../../src/wire/ipv6.js";
import * as ndp from "../../src/wire/ndp.js";
import { hex, ip6Bytes, macBytes, neighbor, wrongChecksums } from "../support/packets.js";
import { views } from "../support/views.js";

const MAC = "02:42:ac:11:00:04";
const HI = macHi(macBytes(MAC)),
  LO = macLo(macBytes(MAC));

it("has its types between router solicitation and redirect (RFC 4861 §4)", () => {
  expect([132, 133, 134, 135, 136, 137, 138].map(ndp.isDiscovery)).toEqual([false, true, true, true, true, true, false]);
});

describe("the link-layer addresses that a message names", () => {
  const names = (options: string): boolean => {
    const bytes = Uint8Array.from(Buffer.from("87".padEnd(48, "0") + options, "hex"));
    const { bytes: b, halves } = views(bytes);
    return ndp.namesOnly(b, halves, 4, ndp.DISCOVERY_SIZE, bytes.length, HI, LO);
  };

  it.each([
    ["none", "", true],
    ["its own as source", "01010242ac110004", true],
    ["its own as target, behind another option (nonce, RFC 3971)", "0e01aabbccddeeff02010242ac110004", true],
    ["another's", "01010242ac110005", false],
    ["another's second", "01010242ac11000402010242ac110005", false],
    ["cut off", "01010242ac11", false],
    ["longer than the message", "0e02aabbccddeeff", false],
    ["of length zero (§4.6)", "0e00aabbccddeeff", false],
  ])("%s", (_, options, right) => {
    expect(names(options)).toBe(right);
  });
});

it("makes an advertisement of a solicitation: flags, target, MAC, checksum (§4.4)", () => {
  const packet = neighbor({ src: "fd00::5", dst: "ff02::1:ff00:4" }, 135, "fd00::4", "02:00:00:00:00:09");
  const { bytes, halves, words } = views(packet);
  ndp.makeAdvertisement(bytes, halves, words, 4, 44, ndp.SOLICITED | ndp.OVERRIDE, HI, LO);
  expect(hex(bytes.subarray(44, 46))).toBe("8800");
  expect(hex(bytes.subarray(48, 76))).toBe(`60000000${hex(ip6Bytes("fd00::4"))}02010242ac110004`);
  expect(wrongChecksums(bytes.subarray(4, 4 + packet.length))).toEqual([]);
});

it("knows the link-local address of a MAC, and the MAC of such an address (RFC 4291 Appendix A)", () => {
  const { bytes, halves } = views(ip6Bytes("fe80::42:acff:fe11:4"));
  expect([ipv6.hasMac(bytes, halves, 4), ipv6.macHiOf(halves, 4), ipv6.macLoOf(bytes, 4)]).toEqual([true, HI, LO]);
  for (const other of ["fe80::1", "fe80:0:0:1:42:acff:fe11:4", "fd00::42:acff:fe11:4"]) {
    const v = views(ip6Bytes(other));
    expect(ipv6.hasMac(v.bytes, v.halves, 4), other).toBe(false);
  }
});
