import { expect, it } from "vitest";
import { Addresses } from "../../src/table/addresses.js";
import { RouteTable } from "../../src/table/route.js";
import { FRESH_SEC, Routes } from "../../src/table/routes.js";
import { isRefused, REFUSED_NO_ROUTE, REFUSED_PROHIBITED, REFUSED_SILENTLY, REFUSED_UNREACHABLE } from "../../src/wire/route-answer.js";
import { raw } from "../support/dataplane.js";
import { FakeRouting } from "./fake-routing.js";

const [A, B, FAR] = ["172.17.0.4", "172.17.0.5", "203.0.113.5"].map(raw) as [number, number, number];
const UDP = 17;
const table = new RouteTable(new Addresses(1, () => 7));

const routing = (): FakeRouting =>
  new FakeRouting(
    { dst: 0, prefixLength: 0, source: raw("192.0.2.1"), device: 2 },
    { dst: 0, prefixLength: 0, source: raw("10.8.0.2"), device: 3, from: B },
  );

it("asks for each pair of source and destination once, until the host changes or the answer is old", () => {
  const host = routing();
  const routes = new Routes(table, host, 7);
  routes.change([], false);
  for (const ports of [1, 2]) expect(routes.via(A, FAR, UDP, ports, 0, 100)).toBe(raw("192.0.2.1"));
  expect([routes.via(B, FAR, UDP, 1, 0, 100), host.asked]).toEqual([raw("10.8.0.2"), 2]);
  host.replace([{ dst: 0, prefixLength: 0, source: raw("192.0.2.9") }]);
  expect(routes.via(A, FAR, UDP, 1, 0, 100 + FRESH_SEC - 1)).toBe(raw("192.0.2.1"));
  expect(routes.via(A, FAR, UDP, 1, 0, 100 + FRESH_SEC)).toBe(raw("192.0.2.9"));
  host.replace([]);
  routes.change([], false);
  expect(routes.via(A, FAR, UDP, 1, 0, 100 + FRESH_SEC)).toBe(REFUSED_NO_ROUTE);
});

it("asks about each packet where the way depends on ports", () => {
  const host = routing();
  const routes = new Routes(table, host, 7);
  routes.change([], true);
  for (const ports of [1, 2, 2]) routes.via(A, FAR, UDP, ports, 0, 100);
  expect(host.asked).toBe(3);
});

it("has no way out of a device that is refused", () => {
  const routes = new Routes(table, routing(), 7);
  routes.change([3], false);
  expect([A, B].map((src) => routes.via(src, FAR, UDP, 1, 0, 100))).toEqual([raw("192.0.2.1"), REFUSED_NO_ROUTE]);
  routes.change([2, 3], false);
  expect([routes.via(A, FAR, UDP, 1, 0, 100), routes.sourceTo(FAR, 100)]).toEqual([REFUSED_NO_ROUTE, raw("192.0.2.1")]); // the host itself has
});

it("knows the host's own address towards somebody", () => {
  expect(new Routes(table, routing(), 7).sourceTo(FAR, 100)).toBe(raw("192.0.2.1"));
});

it("tells refusals from addresses, of which none begins with 0", () => {
  expect([REFUSED_NO_ROUTE, REFUSED_UNREACHABLE, REFUSED_PROHIBITED, REFUSED_SILENTLY].map(isRefused)).toEqual([true, true, true, true]);
  expect(["1.0.0.0", "10.0.0.1", "255.0.0.1"].map((text) => isRefused(raw(text)))).toEqual([false, false, false]);
});

it("keeps what it is told however many destinations there are", () => {
  const host = new FakeRouting(
    { dst: 0, prefixLength: 0, source: raw("192.0.2.1") },
    { dst: raw("10.0.0.0"), prefixLength: 8, source: raw("10.0.0.1") },
  );
  const routes = new Routes(table, host, 7);
  for (let n = 0; n < 20_000; n++) {
    const dst = raw(`${n % 2 === 0 ? 10 : 11}.0.${n >> 8}.${n & 255}`);
    expect(routes.via(A, dst, UDP, 1, 0, 100)).toBe(raw(n % 2 === 0 ? "10.0.0.1" : "192.0.2.1"));
  }
});

it("goes by the routes that it is told where nobody can be asked", () => {
  const told = new RouteTable(new Addresses(1, () => 7));
  told.replace([{ dst: 0, prefixLength: 0, metric: 0, source: raw("192.0.2.7") }]);
  expect(new Routes(told, undefined, 7).via(A, FAR, UDP, 1, 0, 100)).toBe(raw("192.0.2.7"));
});
