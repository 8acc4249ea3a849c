/** Maps that were begun: whose they are, and that they end where nobody takes them. */
import fs from "node:fs";
import { beforeEach, expect, it, vi } from "vitest";
import { beginMaps, createMaps, MAX_BRIDGED } from "../../src/steer/maps.js";
import * as bpf from "../../src/sys/bpf.js";
import { MAX_PORTS } from "../../src/table/ports.js";

vi.mock("../../src/sys/bpf.js", async (original) => ({ ...(await original<typeof bpf>()), createMapsApart: vi.fn() }));

const SIZES = { flowCapacity: 1000, ipv6: true, offload: true };
/** Descriptors by call of `createMapsApart`. */
let made: number[][] = [];

beforeEach(() => {
  made = [];
  vi.mocked(bpf.createMapsApart).mockImplementation((specs) => {
    const fds = specs.map(() => fs.openSync("/dev/null", "r"));
    made.push(fds);
    return () => fds;
  });
});

function areOpen(fds: readonly number[]): boolean[] {
  return [...new Set(fds.map((fd) => fs.existsSync(`/proc/self/fd/${fd}`)))];
}

it("each port that there can be has a place among the peers, beside containers behind bridges", () => {
  beginMaps(SIZES).discard();
  const specs = vi.mocked(bpf.createMapsApart).mock.lastCall![0];
  for (const name of ["tsproxy_peers", "tsproxy_peers6"])
    expect(specs.find((spec) => spec.name === name)!.maxEntries).toBe(MAX_BRIDGED + MAX_PORTS);
});

it("they end at once when nobody takes them, once", () => {
  const begun = beginMaps(SIZES);
  begun.discard();
  expect(areOpen(made[0]!)).toEqual([false]);
  begun.discard();
});

it("they stay when somebody has taken them", () => {
  const fds: number[] = [];
  const begun = beginMaps(SIZES);
  createMaps(SIZES, fds, begun);
  begun.discard();
  expect([fds, areOpen(fds)]).toEqual([made[0], [true]]);
  for (const fd of fds) fs.closeSync(fd);
});

it("they end when others are needed", () => {
  const fds: number[] = [];
  const begun = beginMaps(SIZES);
  const [first] = made;
  createMaps({ ...SIZES, ipv6: false }, fds, begun);
  expect(fds).toEqual(made[1]);
  expect(areOpen(fds)).toEqual([true]);
  expect(areOpen(first!.filter((fd) => !fds.includes(fd)))).not.toContain(true);
  for (const fd of fds) fs.closeSync(fd);
});

it("nothing is said of maps that the kernel has refused, which nobody needs", () => {
  vi.mocked(bpf.createMapsApart).mockReturnValue(() => {
    throw new Error("EPERM");
  });
  expect(() => beginMaps(SIZES).discard()).not.toThrow();
});
