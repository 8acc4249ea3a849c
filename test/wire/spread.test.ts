import { describe, expect, it } from "vitest";
import { parseIp, toBytes } from "../../src/wire/ip-address.js";
import { rawHalf } from "../../src/wire/raw.js";
import { foldAddress, workerOf } from "../../src/wire/spread.js";
import { raw } from "../support/dataplane.js";

/** Far ends that differ in one thing: address and port of the n-th, and how many there are. */
const FAR_ENDS: [what: string, end: (n: number) => [string, number], count: number][] = [
  ["hosts of one /24", (n) => [`198.51.100.${1 + n}`, 443], 254],
  ["every second host of a /24", (n) => [`198.51.100.${2 * n}`, 443], 127],
  ["the same host of many /24", (n) => [`10.0.${n}.7`, 443], 256],
  ["hosts of a /16", (n) => [`10.0.${n >> 8}.${n & 255}`, 443], 65536],
  ["networks", (n) => [`10.${n}.3.7`, 443], 256],
  ["ports of one host", (n) => ["198.51.100.9", 32768 + n], 28232],
  ["even ports of one host", (n) => ["198.51.100.9", 32768 + 2 * n], 14116],
  ["IPv6 hosts of one network", (n) => [`2001:db8::${(1 + n).toString(16)}`, 443], 4096],
  ["IPv6 hosts by MAC address", (n) => [`2001:db8::42:acff:fe11:${n.toString(16)}`, 443], 4096],
  ["IPv6 networks", (n) => [`2001:db8:0:${n.toString(16)}::1`, 443], 4096],
  ["IPv6 hosts numbered as their networks", (n) => [`2001:db8:0:${n.toString(16)}::${n.toString(16)}`, 443], 4096],
  ["ports of one IPv6 host", (n) => ["2001:db8::9", 32768 + n], 28232],
];

/** The address as `workerOf` takes it. */
function word(address: string): number {
  const bytes = toBytes(parseIp(address)!);
  if (bytes.length === 4) return raw(address);
  const [a = 0, b = 0, c = 0, d = 0] = new Int32Array(bytes.buffer);
  return foldAddress(a, b, c, d);
}

describe.each([1, 2, 3, 4, 7, 16])("over %i workers", (workers) => {
  it.each(FAR_ENDS)("spreads evenly %s", (_, end, count) => {
    const share = new Int32Array(workers);
    for (let n = 0; n < count; n++) {
      const [address, port] = end(n);
      share[workerOf(word(address), rawHalf(port), workers)]!++;
    }
    const fair = count / workers;
    for (const got of share) expect(Math.abs(got - fair), `${share}`).toBeLessThan(Math.max(fair * 0.15, 3));
  });
});
