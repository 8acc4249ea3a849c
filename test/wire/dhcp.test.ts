import { expect, it } from "vitest";
import * as dhcp from "../../src/wire/dhcp.js";
import { macHi, macLo } from "../../src/wire/ethernet.js";
import { macBytes, payload, udp } from "../support/packets.js";
import { views } from "../support/views.js";

const [MAC, OTHER] = ["02:42:c0:00:02:80", "02:42:c0:00:02:81"];

/** The start of a message: operation, hardware, address length, hops, and what is of no concern up to the client's MAC. */
function message(change: Record<number, number> = {}, { sport = 68, dport = 67, size = 240 } = {}): Uint8Array {
  const data = new Uint8Array(size);
  data.set([1, 1, 6, 0]);
  if (size >= 34) data.set(macBytes(MAC), 28);
  for (const [at, value] of Object.entries(change)) data[Number(at)] = value;
  return udp({ src: "0.0.0.0", dst: "255.255.255.255" }, { sport, dport, data }).subarray(20);
}

function isOf(datagram: Uint8Array, mac = MAC): boolean {
  const v = views(datagram);
  return dhcp.isOfClient(v.bytes, v.halves, v.words, 4, datagram.length, macHi(macBytes(mac)), macLo(macBytes(mac)));
}

it("knows a client's message of that MAC (RFC 2131 §2), and no other's", () => {
  expect(isOf(message())).toBe(true);
  expect(isOf(message(), OTHER)).toBe(false);
  for (let at = 28; at < 34; at++) expect(isOf(message({ [at]: 0xee }))).toBe(false);
});

it("takes no server's message, no other hardware and no other ports", () => {
  for (const at of [0, 1, 2]) expect(isOf(message({ [at]: 2 })), `byte ${at}`).toBe(false);
  expect(isOf(message({}, { sport: 67, dport: 68 }))).toBe(false);
  expect(isOf(message({}, { dport: 53 }))).toBe(false);
});

it("takes none that ends before the client's MAC does, at every length", () => {
  const whole = message({}, { size: 34 });
  expect(isOf(whole)).toBe(true);
  for (let len = 0; len < whole.length; len++) expect(isOf(whole.subarray(0, len)), `${len} bytes`).toBe(false);
  expect(isOf(payload(60))).toBe(false);
});
