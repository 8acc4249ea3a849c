import { expect, it } from "vitest";
import { STRANGERS, Strangers } from "../../src/table/strangers.js";
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
  for (let n = 1; n <= STRANGERS + 2; n++) for (const _ of [1, 2]) strangers.note(words(`${prefix}${n}`));
  strangers.note(words(`${prefix}3`));
  const rows = strangers.rows(isIpv6).map(({ address, datagrams }) => [formatIp(address), datagrams]);
  expect(rows).toEqual(Array.from({ length: STRANGERS }, (_, i) => [formatIp(ip(`${prefix}${i + 1}`)), i === 2 ? 3 : 2]));
  expect(strangers.others).toBe(4);
});
