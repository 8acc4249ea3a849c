import { expect, it } from "vitest";
import * as arp from "../../src/wire/arp.js";
import { DROP_NONE, DROP_TRUNCATED } from "../../src/wire/drop.js";
import { macHi, macLo } from "../../src/wire/ethernet.js";
import { raw } from "../support/dataplane.js";
import { hex, macBytes, arp as message } from "../support/packets.js";
import { views } from "../support/views.js";

const REQUEST = message({ senderMac: "02:42:ac:11:00:04", senderIp: "172.17.0.4", targetIp: "172.17.0.1" });

it("reads known bytes (RFC 826)", () => {
  const v = views(REQUEST);
  expect(arp.isEthernetIpv4(v.halves, 4)).toBe(true);
  expect(arp.operation(v.halves, 4)).toBe(arp.REQUEST);
  expect(arp.senderIp(v.halves, 4)).toBe(raw("172.17.0.4"));
  expect(arp.targetIp(v.halves, 4)).toBe(raw("172.17.0.1"));
  expect([arp.senderHi(v.halves, 4), arp.senderLo(v.halves, 4)]).toEqual([
    macHi(macBytes("02:42:ac:11:00:04")),
    macLo(macBytes("02:42:ac:11:00:04")),
  ]);
});

it("turns a request into the reply in place, and writes nothing around it", () => {
  const v = views(REQUEST);
  const owner = macBytes("fe:dc:ba:98:76:54");
  arp.makeReply(v.halves, 4, macHi(owner), macLo(owner));
  expect(hex(v.bytes)).toBe(`a5a5a5a50001080006040002fedcba987654ac1100010242ac110004ac110004${"a5".repeat(v.bytes.length - 32)}`);
});

it("writes an announcement on a dirty buffer, and nothing around it (RFC 5227 §2.3)", () => {
  const v = views(REQUEST);
  v.bytes.fill(0xa5);
  const owner = macBytes("fe:dc:ba:98:76:54");
  arp.emitAnnouncement(v.halves, 4, macHi(owner), macLo(owner), raw("172.17.0.4"));
  expect(hex(v.bytes)).toBe(`a5a5a5a50001080006040001fedcba987654ac110004000000000000ac110004${"a5".repeat(v.bytes.length - 32)}`);
});

it("tells other hardware, protocols and lengths", () => {
  for (let i = 0; i < 6; i++) {
    const other = REQUEST.slice();
    other[i] = other[i]! + 1;
    expect(arp.isEthernetIpv4(views(other).halves, 4), `byte ${i}`).toBe(false);
  }
});

it("is truncated at every length below 28", () => {
  for (let len = 0; len < 28; len++) expect(arp.check(len)).toBe(DROP_TRUNCATED);
  expect(arp.check(28)).toBe(DROP_NONE);
  expect(arp.check(46)).toBe(DROP_NONE);
});
