/** Every entry of the kernel's own maps is asked about, also those that come and go meanwhile. */
import { closeSync } from "node:fs";
import { afterEach, expect, it } from "vitest";
import { EntrySweep } from "../../src/control/entry-sweep.js";
import * as bpf from "../../src/sys/bpf.js";
import { FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../../src/wire/flow-entry.js";

const fds: number[] = [];
afterEach(() => {
  for (const fd of fds.splice(0)) closeSync(fd);
});

function mapOf(family: 4 | 6, count: number): number {
  const [keySize, valueSize] = family === 4 ? [FLOW_KEY_SIZE, FLOW_VALUE_SIZE] : [FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE];
  const fd = bpf.createMap({ name: "tsproxy_flows", type: bpf.MAP_HASH, keySize, valueSize, maxEntries: 20_000, flags: bpf.F_NO_PREALLOC });
  fds.push(fd);
  const keys = new Int32Array((count * keySize) / 4);
  const values = new Int32Array((count * valueSize) / 4);
  for (let i = 0; i < count; i++) {
    keys[(i * keySize) / 4] = i;
    values[(i * valueSize) / 4] = i % 2; // whose uplink it is
  }
  if (count > 0) bpf.updateBatch(fd, new Uint8Array(keys.buffer), new Uint8Array(values.buffer), count);
  return fd;
}

it("all of both families are asked about, once each, with the uplinks that they lead to", async () => {
  const maps = [{ fd: mapOf(4, 5000), family: 4 } as const, { fd: mapOf(6, 3000), family: 6 } as const];
  const seen = { 4: new Map<number, number>(), 6: new Map<number, number>() };
  let asked = 0;
  const sweep = new EntrySweep(maps, {
    sweepEntries: async (family, keys, uplinks) => {
      const words = keys.length / uplinks.length;
      asked += uplinks.length;
      for (const [i, uplink] of uplinks.entries()) seen[family].set(keys[i * words]!, uplink);
      if (family === 4) bpf.deleteBatch(maps[0]!.fd, new Uint8Array(keys.slice().buffer), FLOW_KEY_SIZE, uplinks.length); // as a worker does
    },
  });
  await sweep.sweep();
  expect([seen[4].size, seen[6].size, asked]).toEqual([5000, 3000, 8000]);
  for (const entries of Object.values(seen)) for (const [key, uplink] of entries) expect(uplink).toBe(key % 2);
  seen[4].clear();
  await sweep.sweep();
  expect([seen[4].size, asked]).toEqual([0, 8000 + 3000]);
  await sweep.close();
});

it("an empty map is asked nothing about", async () => {
  const sweep = new EntrySweep([{ fd: mapOf(4, 0), family: 4 }], { sweepEntries: async () => expect.unreachable() });
  await sweep.sweep();
  await sweep.close();
});
