/** The maps of the steering programs, begun in a thread before they are asked for. */
import fs from "node:fs";
import { afterEach, expect, it } from "vitest";
import { beginMaps, createMaps } from "../../src/steer/maps.js";

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
