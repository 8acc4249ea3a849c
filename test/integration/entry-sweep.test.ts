/** Every entry of the kernel's own maps is asked about, also those that come and go meanwhile. */
import { closeSync } from "node:fs";
import { afterEach, expect, it, vi } from "vitest";
import { EntrySweep, type FlowsMap } from "../../src/control/entry-sweep.js";
import { setLogSink } from "../../src/log.js";
import * as bpf from "../../src/sys/bpf.js";
import { FLOW_KEY_SIZE, FLOW_VALUE_SIZE, FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE } from "../../src/wire/flow-entry.js";
import { overlay, TUNNEL_DEVICE, V4, V6 } from "../support/overlay.js";
import { ipBytes, UDP } from "../support/packets.js";

type SweepWorkers = ConstructorParameters<typeof EntrySweep>[1];

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

function sweepOf(
  maps: readonly FlowsMap[],
  workers: SweepWorkers,
  isOurs = (_: number): boolean => true,
  refused = (): number => 0,
): EntrySweep {
  return new EntrySweep(maps, workers, isOurs, refused);
}

it("all of both families are asked about, once each, with the uplinks that they lead to", async () => {
  const maps = [{ fd: mapOf(4, 5000), family: 4 } as const, { fd: mapOf(6, 3000), family: 6 } as const];
  const seen = { 4: new Map<number, number>(), 6: new Map<number, number>() };
  let asked = 0;
  const workers = {
    sweepEntries: async (family: 4 | 6, keys: Int32Array, uplinks: Int32Array) => {
      const words = keys.length / uplinks.length;
      asked += uplinks.length;
      for (const [i, uplink] of uplinks.entries()) seen[family].set(keys[i * words]!, uplink);
      if (family === 4) bpf.deleteBatch(maps[0]!.fd, new Uint8Array(keys.slice().buffer), FLOW_KEY_SIZE, uplinks.length); // as a worker does
    },
  };
  const sweep = sweepOf(maps, workers);
  await sweep.sweep();
  expect([seen[4].size, seen[6].size, asked]).toEqual([5000, 3000, 8000]);
  for (const entries of Object.values(seen)) for (const [key, uplink] of entries) expect(uplink).toBe(key % 2);
  seen[4].clear();
  await sweep.sweep();
  expect([seen[4].size, asked]).toEqual([0, 8000 + 3000]);
  await sweep.close();
});

it("begins within ten seconds when the kernel refuses entries, with one warning; else every five minutes", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  const said: string[] = [];
  setLogSink((_, message) => said.push(message));
  let [refused, asked] = [0, 0];
  const workers = { sweepEntries: async () => void asked++ };
  const sweep = sweepOf([{ fd: mapOf(4, 1), family: 4 }], workers, undefined, () => refused);
  const after = async (sec: number): Promise<number> => {
    await vi.advanceTimersByTimeAsync(sec * 1000);
    while (vi.getTimerCount() === 0) await new Promise(setImmediate); // the map is read in a thread
    return asked;
  };
  expect([await after(280), said]).toEqual([0, []]);
  refused = 3;
  expect(await after(10)).toBe(1);
  expect(said.map((line) => /for (\d+) entries/.exec(line)?.[1])).toEqual(["3"]);
  expect(await after(10)).toBe(1);
  refused = 4;
  expect([await after(10), said.length]).toEqual([2, 1]);
  expect([await after(290), await after(10)]).toEqual([2, 3]);
  sweep.soon();
  await sweep.close();
  setLogSink(() => {});
  vi.useRealTimers();
});

it("an empty map is asked nothing about", async () => {
  const sweep = sweepOf([{ fd: mapOf(4, 0), family: 4 }], { sweepEntries: async () => expect.unreachable() });
  await sweep.sweep();
  await sweep.close();
});

/** How many entries lead to each device. */
async function devices(fd: number): Promise<Record<number, number>> {
  const found: Record<number, number> = {};
  const workers = {
    sweepEntries: async (_: 4 | 6, __: Int32Array, uplinks: Int32Array) => {
      for (const uplink of uplinks) found[uplink] = (found[uplink] ?? 0) + 1;
    },
  };
  const sweep = sweepOf([{ fd, family: 4 }], workers);
  await sweep.sweep();
  await sweep.close();
  return found;
}

it("what leads to no device of ours is taken out, whatever it was of", async () => {
  const fd = mapOf(4, 3000);
  const sweep = sweepOf([{ fd, family: 4 }], { sweepEntries: async () => {} }, (uplink) => uplink === 1);
  await sweep.sweep();
  await sweep.close();
  expect(await devices(fd)).toEqual({ 1: 1500 });
});

it.each([
  [4, V4],
  [6, V6],
] as const)(
  "of nodes over IPv%i those stay that are known, and nothing else that leads to the tunnels' device",
  async (family, { local, node, other }) => {
    const fd = mapOf(family, 0);
    const d = overlay({ underlay: { local, node, other } });
    const [keySize, valueSize] = family === 4 ? [FLOW_KEY_SIZE, FLOW_VALUE_SIZE] : [FLOW6_KEY_SIZE, FLOW6_VALUE_SIZE];
    const values = new Uint8Array(Int32Array.from({ length: valueSize / 4 }, (_, i) => (i === 0 ? TUNNEL_DEVICE : 0)).buffer);
    const keyOf = (address: string): Buffer =>
      Buffer.concat([ipBytes(local), ipBytes(address), Buffer.from([4789 >> 8, 4789 & 0xff, 0, 0, UDP, 0, 0, 0])]);
    const addresses = [
      node,
      other,
      ...Array.from({ length: 3000 }, (_, n) => (family === 4 ? `10.1.${n >> 8}.${n & 255}` : `fd01::${(n + 1).toString(16)}`)),
    ];
    for (const address of addresses) bpf.updateElement(fd, keyOf(address), values);
    const workers = {
      sweepEntries: async (of: 4 | 6, keys: Int32Array, uplinks: Int32Array) => {
        d.say({ type: "sweep-entries", id: 1, family: of, keys, uplinks });
        for (const key of d.forgotten.splice(0)) bpf.deleteElement(fd, new Uint8Array(Int32Array.from(key).buffer));
      },
    };
    const sweep = sweepOf([{ fd, family }], workers, (ifindex) => ifindex === TUNNEL_DEVICE);
    await sweep.sweep();
    await sweep.close();
    const left = addresses.filter((address) => bpf.lookupElement(fd, keyOf(address), new Uint8Array(valueSize)));
    expect([left, keySize]).toEqual([[node, other], keyOf(node).length]);
  },
);
