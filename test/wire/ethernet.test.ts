import { expect, it } from "vitest";
import * as eth from "../../src/wire/ethernet.js";
import { bytesOf, hex, macBytes } from "../support/packets.js";
import { views } from "../support/views.js";

const A = "02:42:ac:11:00:04",
  B = "fe:dc:ba:98:76:54";

it("reads known bytes", () => {
  const v = views(bytesOf("0242ac110004" + "fedcba987654" + "0800"));
  expect(eth.formatMac(eth.dstHi(v.halves, 4), eth.dstLo(v.halves, 4))).toBe(A);
  expect(eth.formatMac(eth.srcHi(v.halves, 4), eth.srcLo(v.halves, 4))).toBe(B);
  expect(eth.type(v.halves, 4)).toBe(eth.TYPE_IPV4);
});

it.each([
  ["0806", eth.TYPE_ARP],
  ["8100", 0x0081],
  ["0800", eth.TYPE_IPV4],
])("knows type %s", (text, type) => {
  const v = views(bytesOf("00".repeat(12) + text));
  expect(eth.type(v.halves, 4)).toBe(type);
});

it("writes both addresses, and neither the type nor anything around", () => {
  const v = views(new Uint8Array(14).fill(0xa5));
  const [a, b] = [macBytes(A), macBytes(B)];
  eth.setAddresses(v.halves, 4, eth.macHi(a), eth.macLo(a), eth.macHi(b), eth.macLo(b));
  expect(hex(v.bytes)).toBe(`a5a5a5a50242ac110004fedcba987654a5a5${"a5".repeat(v.bytes.length - 18)}`);
});

it.each([
  ["ff:ff:ff:ff:ff:ff", true],
  ["01:00:5e:00:00:fb", true],
  ["33:33:00:00:00:01", true],
  ["02:42:ac:11:00:04", false],
])("tells whether %s is a group address", (mac, group) => {
  const v = views(macBytes(mac));
  expect(eth.isGroup(v.bytes, 4)).toBe(group);
  const asSource = views(Uint8Array.of(0, 0, 0, 0, 0, 0, ...macBytes(mac)));
  expect(eth.isSourceGroup(asSource.bytes, 4)).toBe(group);
});

it("knows the sixteen addresses that bridges keep to themselves (IEEE 802.1D-2004 table 7-10), and none beside them", () => {
  const reserved = (mac: string): boolean => eth.isReservedGroup(views(macBytes(mac)).halves, 4);
  for (let last = 0; last < 256; last++)
    expect(reserved(`01:80:c2:00:00:${last.toString(16).padStart(2, "0")}`), `${last}`).toBe(last < 16);
  for (const near of ["00:80:c2:00:00:00", "01:81:c2:00:00:00", "01:80:c3:00:00:00", "01:80:c2:01:00:00", "01:80:c2:00:01:0e"])
    expect(reserved(near), near).toBe(false);
});

it("knows both kinds of VLAN tag (IEEE 802.1Q-2018 table 9-1)", () => {
  const isTag = (text: string): boolean => eth.isTag(eth.type(views(bytesOf("00".repeat(12) + text)).halves, 4));
  expect(["8100", "88a8", "0081", "9100", "0800", "86dd", "0806"].map(isTag)).toEqual([true, true, false, false, false, false, false]);
});

it("parses what it formats, and nothing else", () => {
  expect(eth.parseMac(A.toUpperCase())).toEqual(macBytes(A));
  for (const bad of ["", "02:42:ac:11:00", `${A}:00`, "02-42-ac-11-00-04", "02:42:ac:11:00:0g", "2:42:ac:11:0:4", ` ${A}`])
    expect(eth.parseMac(bad), bad).toBeNull();
});
