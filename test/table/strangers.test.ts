import { expect, it } from "vitest";
import { FORGET_SEC, STRANGERS, Strangers } from "../../src/table/strangers.js";
import { formatIp, toBytes } from "../../src/wire/ip-address.js";
import { ip } from "../support/ip.js";

function words(address: string): Int32Array {
  const bytes = new Uint8Array(16);
  bytes.set(toBytes(ip(address)));
  return new Int32Array(bytes.buffer);
}

it.each([
  ["192.0.2.", false],
  ["fd00::", true],
])("counts by address as long as there is room, and the rest together (%s)", (prefix, isIpv6) => {
  const strangers = new Strangers();
  for (let n = 1; n <= STRANGERS + 2; n++) for (const _ of [1, 2]) strangers.note(words(`${prefix}${n}`), 100);
  strangers.note(words(`${prefix}3`), 100);
  const rows = strangers.rows(isIpv6, 100).map(({ address, datagrams }) => [formatIp(address), datagrams]);
  expect(rows).toEqual(Array.from({ length: STRANGERS }, (_, i) => [formatIp(ip(`${prefix}${i + 1}`)), i === 2 ? 3 : 2]));
  expect(strangers.othersNow(100)).toBe(4);
});

it("forgets who has been silent for an hour, and has a place for another one then", () => {
  const strangers = new Strangers();
  const rows = (now: number) => strangers.rows(false, now).map(({ address, datagrams }) => `${formatIp(address)} ${datagrams}`);
  for (let n = 1; n <= STRANGERS + 1; n++) strangers.note(words(`192.0.2.${n}`), 100);
  strangers.note(words("192.0.2.2"), 100 + FORGET_SEC - 1);
  expect([rows(99 + FORGET_SEC).length, strangers.othersNow(99 + FORGET_SEC)]).toEqual([STRANGERS, 1]);
  expect([rows(100 + FORGET_SEC), strangers.othersNow(100 + FORGET_SEC)]).toEqual([["192.0.2.2 2"], 0]);
  // Who has a place keeps it, though one before it is free; who comes again counts anew.
  for (const n of [2, 3, 99]) strangers.note(words(`192.0.2.${n}`), 100 + FORGET_SEC);
  expect(rows(100 + FORGET_SEC)).toEqual(["192.0.2.3 1", "192.0.2.2 3", "192.0.2.99 1"]);
});
