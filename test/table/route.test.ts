import { expect, it } from "vitest";
import { Addresses } from "../../src/table/addresses.js";
import { secureRandom } from "../../src/table/random.js";
import { RouteTable } from "../../src/table/route.js";
import { raw } from "../support/dataplane.js";

const route = (dst: string, prefixLength: number, source: string, metric = 0) => ({
  dst: raw(dst),
  prefixLength,
  metric,
  source: raw(source),
});

it("picks the longest prefix, whatever the order and metric", () => {
  const table = new RouteTable(new Addresses(16, secureRandom()));
  table.replace([
    route("0.0.0.0", 0, "192.0.2.1", 1),
    route("10.0.0.0", 8, "10.0.0.1", 900),
    route("10.1.0.0", 16, "10.1.0.1", 1000),
    route("10.1.2.3", 32, "10.9.9.9"),
  ]);
  for (const [to, from] of [
    ["8.8.8.8", "192.0.2.1"],
    ["10.255.0.1", "10.0.0.1"],
    ["10.1.2.4", "10.1.0.1"],
    ["10.1.2.3", "10.9.9.9"],
  ] as const)
    expect(table.sourceFor(raw(to)), to).toBe(raw(from));
});

it("prefers the lower metric of two equal prefixes", () => {
  const table = new RouteTable(new Addresses(16, secureRandom()));
  table.replace([route("0.0.0.0", 0, "10.0.0.1", 200), route("0.0.0.0", 0, "10.0.0.2", 100)]);
  expect(table.sourceFor(raw("8.8.8.8"))).toBe(raw("10.0.0.2"));
});

it("answers 0 without a route, and for one that refuses", () => {
  const table = new RouteTable(new Addresses(16, secureRandom()));
  expect(table.sourceFor(raw("8.8.8.8"))).toBe(0);
  table.replace([route("0.0.0.0", 0, "192.0.2.1"), route("203.0.113.0", 24, "0.0.0.0")]);
  expect(table.sourceFor(raw("203.0.113.5"))).toBe(0);
  table.replace([]);
  expect(table.sourceFor(raw("8.8.8.8"))).toBe(0);
});

it("ignores bits behind the prefix, and handles addresses with the upper bit set", () => {
  const table = new RouteTable(new Addresses(16, secureRandom()));
  table.replace([route("203.0.113.77", 24, "203.0.113.1")]);
  expect(table.sourceFor(raw("203.0.113.200"))).toBe(raw("203.0.113.1"));
  expect(table.sourceFor(raw("203.0.114.200"))).toBe(0);
});
