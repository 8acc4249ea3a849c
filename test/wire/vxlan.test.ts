import { expect, it } from "vitest";
import { DROP_NONE, DROP_TRUNCATED, DROP_VXLAN_FLAGS } from "../../src/wire/drop.js";
import * as vxlan from "../../src/wire/vxlan.js";
import { bytesOf, hex } from "../support/packets.js";

it("emits the I flag, the VNI and zeroed reserved bytes (RFC 7348 §5)", () => {
  const buf = new Uint8Array(10).fill(0xa5); // dirty, with a guard byte on each side
  vxlan.emit(buf, 1, 0x123456);
  expect(hex(buf)).toBe(`a508000000${"12345600"}a5`);
  expect(vxlan.vni(buf, 1)).toBe(0x123456);
});

it("reads the whole range of identifiers", () => {
  for (const id of [0, 1, 0xff, 0x100, 0xffff, 0x1_0000, vxlan.MAX_VNI]) {
    const buf = new Uint8Array(8);
    vxlan.emit(buf, 0, id);
    expect(vxlan.vni(buf, 0)).toBe(id);
  }
});

it("takes a header whose other flags and reserved bits are set, which mean nothing to a receiver (§5)", () => {
  const buf = bytesOf("ffffffff12345678");
  expect([vxlan.check(buf, 0, 8), vxlan.vni(buf, 0)]).toEqual([DROP_NONE, 0x123456]);
});

it("refuses one without the I flag, and one that is cut short at any length", () => {
  const buf = bytesOf("0800000012345600");
  for (let length = 0; length < 8; length++) expect(vxlan.check(buf, 0, length)).toBe(DROP_TRUNCATED);
  expect(vxlan.check(buf, 0, 8)).toBe(DROP_NONE);
  expect(vxlan.check(bytesOf("f700000012345600"), 0, 8)).toBe(DROP_VXLAN_FLAGS);
});
