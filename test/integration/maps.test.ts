/** The maps of the steering programs, begun in a thread before they are asked for. */
import fs from "node:fs";
import { afterEach, expect, it } from "vitest";
import { beginMaps, createMaps } from "../../src/steer/maps.js";
import * as bpf from "../../src/sys/bpf.js";

const SIZES = { flowCapacity: 1000, ipv6: true, offload: true };
const fds: number[] = [];
afterEach(() => {
  for (const fd of fds.splice(0)) fs.closeSync(fd);
});

/** Type, sizes and flags, as the kernel tells them of a descriptor. */
function layout(fd: number): string[] {
  return fs
    .readFileSync(`/proc/self/fdinfo/${fd}`, "utf8")
    .split("\n")
    .filter((line) => /^(map_type|key_size|value_size|max_entries|map_flags):/.test(line));
}

const isRoot = process.getuid?.() === 0;

it.skipIf(!isRoot)("are those that would be made otherwise, each under its name (needs root)", () => {
  const made = createMaps(SIZES, fds);
  const begun = createMaps(SIZES, fds, beginMaps(SIZES));
  const layouts = (maps: typeof made): Record<string, string[]> =>
    Object.fromEntries(Object.entries(maps).map(([name, fd]) => [name, layout(fd)]));
  expect(layouts(begun)).toEqual(layouts(made));
  expect(new Set(fds).size).toBe(2 * Object.keys(made).length);
});

it.skipIf(!isRoot)("are made anew where others turn out to be needed (needs root)", () => {
  const maps = createMaps({ ...SIZES, ipv6: false }, fds, beginMaps(SIZES));
  expect(layout(maps.flows6)).toContain("max_entries:\t1");
  expect(fds).toHaveLength(Object.keys(maps).length);
});

it.skipIf(!isRoot)("a batch ends at the entry that the kernel refuses, and says how many went before it (needs root)", () => {
  const fd = bpf.createMap({
    name: "tsproxy_flows",
    type: bpf.MAP_HASH,
    keySize: 4,
    valueSize: 4,
    maxEntries: 3,
    flags: bpf.F_NO_PREALLOC,
  });
  fds.push(fd);
  const words = (...numbers: number[]): Uint8Array => new Uint8Array(Int32Array.from(numbers).buffer);
  const put = (...keys: number[]): number => bpf.putBatch(fd, words(...keys), words(...keys.map((key) => key + 100)), keys.length);
  const there = (): number[] => [1, 2, 3, 4, 5].filter((key) => bpf.getElement(fd, words(key), new Uint8Array(4)) === 0);
  expect([put(1, 2), there()]).toEqual([2, [1, 2]]);
  expect([put(3, 4, 5, 1), there()]).toEqual([1, [1, 2, 3]]); // there is room for three
  expect([put(4), there()]).toEqual([0, [1, 2, 3]]);
  expect(put(2, 3)).toBe(2); // what is there can be replaced
  expect(bpf.putBatch(-1, words(1), words(1), 1)).toBe(0);
});
