import fs from "node:fs";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { setLogSink } from "../../src/log.js";
import type { MapFds } from "../../src/steer/program.js";
import { Stations } from "../../src/steer/stations.js";
import { parseMac } from "../../src/wire/ethernet.js";
import { ip } from "../support/ip.js";

/** The maps, by descriptor. */
const { maps, loaded, full } = vi.hoisted(() => ({
  maps: new Map<number, Map<string, Buffer>>(),
  loaded: [] as string[],
  full: new Set<number>(),
}));
vi.mock("../../src/sys/bpf.js", () => {
  const of = (fd: number): Map<string, Buffer> => {
    if (!maps.has(fd)) maps.set(fd, new Map());
    return maps.get(fd)!;
  };
  const name = (key: Uint8Array): string => Buffer.from(key).toString("hex");
  return {
    loadProgram: (program: string) => {
      if (loaded.includes("refused")) throw new Error("the kernel is too old");
      loaded.push(program);
      return fs.openSync("/dev/null", "r");
    },
    updateElement: (fd: number, key: Uint8Array, value: Uint8Array) => {
      if (full.has(fd)) throw new Error("ENOMEM");
      of(fd).set(name(key), Buffer.from(value));
    },
    deleteElement: (fd: number, key: Uint8Array) => of(fd).delete(name(key)),
    lookupElement: (fd: number, key: Uint8Array, value: Uint8Array) => {
      const found = of(fd).get(name(key));
      if (found !== undefined) value.set(found);
      return found !== undefined;
    },
  };
});

const MEMBERS = 1,
  STATIONS = 2,
  TUNNEL = 3,
  TO_NODES = 4,
  FROM_NODES = 5;
const MAC = parseMac("02:42:0a:09:00:04")!;
const KEY = "001001000242" + "0a0900040000";
const ADDRESSES = { ipv4: ip("10.9.0.4"), ipv6: ip("fd09::4") };
const NODE = ip("192.0.2.2");

const FDS = { members: MEMBERS, stations: STATIONS, tunnel: TUNNEL, toNodes: TO_NODES, fromNodes: FROM_NODES } as MapFds;
const make = (carries = true): Stations => new Stations(FDS, carries);
const station = (): Buffer | undefined => maps.get(STATIONS)?.get(KEY);
/** As the programs count: packets and bytes to the station, and from it. */
function carry(packets: number): void {
  for (const [i, at] of [40, 48, 56, 64].entries()) station()!.writeBigUInt64LE(BigInt(packets * (i + 1)), at);
}

beforeEach(() => {
  maps.clear();
  full.clear();
  loaded.length = 0;
});

it("carries nothing while somebody wants the engine to have all frames, and then again, whatever came in between", () => {
  const stations = make();
  const TUNNELS = { device: 21, port: 4789, local: ip("192.0.2.1"), checksum: false };
  const sizes = () => [FROM_NODES, TO_NODES].map((array) => maps.get(array)?.size ?? 0);
  const giveBack = stations.withhold();
  const end = stations.open(TUNNELS);
  expect(sizes()).toEqual([0, 0]);
  const other = stations.withhold();
  giveBack();
  giveBack(); // says nothing new
  expect(sizes()).toEqual([0, 0]);
  other();
  expect(sizes()).toEqual([1, 1]);
  const last = stations.withhold();
  expect(sizes()).toEqual([0, 0]);
  end();
  last();
  expect(sizes()).toEqual([0, 0]);
});

it.each([
  ["carries both ways", {}, true, ["tsproxy_from_nd", "tsproxy_to_nd"]],
  ["carries nothing into tunnels whose datagrams must have a checksum", { checksum: true }, true, ["tsproxy_from_nd"]],
  ["carries nothing where nothing is to be carried", {}, false, []],
])("with tunnels %s", (_, more, carries, programs) => {
  const end = make(carries).open({ device: 21, port: 4789, local: ip("192.0.2.1"), checksum: false, ...more });
  const sizes = () => [FROM_NODES, TO_NODES].map((array) => maps.get(array)?.size ?? 0);
  expect(maps.get(TUNNEL)!.get("00000000")!.toString("hex")).toBe(`12b50000${"15000000"}c0000201${"00".repeat(12)}`);
  expect(loaded).toEqual(programs);
  expect(sizes()).toEqual([Math.min(programs.length, 1), Math.max(programs.length - 1, 0)]);
  end();
  expect(sizes()).toEqual([0, 0]);
  expect(maps.get(TUNNEL)!.get("00000000")!.toString("hex")).toBe("00".repeat(24));
});

it("leaves a station to the engine where the kernel has no room for it, or not for its change; says so once, and counts", () => {
  const said: string[] = [];
  setLogSink((_, message) => said.push(message));
  onTestFinished(() => setLogSink(() => {}));
  const stations = make();
  const network = stations.ofNetwork(0x1001, 1450);
  network.onEnd({ mac: MAC, addresses: ADDRESSES }, 9);
  expect([maps.get(MEMBERS)?.size, maps.get(STATIONS)?.size]).toEqual([1, 1]);
  full.add(MEMBERS);
  network.setMtu(1400); // what is longer must not be carried as before
  expect([maps.get(MEMBERS)?.size, maps.get(STATIONS)?.size]).toEqual([0, 1]);
  full.add(STATIONS);
  const { close } = network.onEnd({ mac: parseMac("02:42:0a:09:00:05")!, addresses: ADDRESSES }, 10);
  expect([maps.get(MEMBERS)?.size, maps.get(STATIONS)?.size, stations.refused]).toEqual([0, 1, 3]);
  expect(said).toEqual(["stations of overlay networks are not carried by the kernel: ENOMEM"]);
  close();
});

it("leaves all to the engine where the kernel refuses the programs, and says so", () => {
  loaded.push("refused");
  const said: string[] = [];
  setLogSink((_, message) => said.push(message));
  onTestFinished(() => setLogSink(() => {}));
  make().open({ device: 21, port: 4789, local: ip("192.0.2.1"), checksum: false });
  expect(maps.has(TO_NODES)).toBe(false);
  expect(said).toEqual(["frames of overlay networks are not carried by the kernel: the kernel is too old"]);
});

it("writes a station behind a node with its addresses and the node's, and takes it back", () => {
  const network = make().ofNetwork(4097, 1450);
  network.setBehind(MAC, { addresses: ADDRESSES, node: NODE });
  expect(station()!.toString("hex", 0, 40)).toBe(`0a090004${"00000000"}fd09${"00".repeat(13)}04c0000202${"ff".repeat(12)}`);
  network.setBehind(MAC, null);
  expect(maps.get(STATIONS)!.size).toBe(0);
});

it("gives who has no address of a family one that no packet is from", () => {
  make()
    .ofNetwork(4097, 1450)
    .setBehind(MAC, { addresses: { ipv6: ADDRESSES.ipv6 }, node: NODE });
  expect(station()!.toString("hex", 0, 4)).toBe("ffffffff");
});

it("takes who is here and behind a node for who is here, until he goes", () => {
  const network = make().ofNetwork(4097, 1450);
  network.setBehind(MAC, { addresses: ADDRESSES, node: NODE });
  const first = network.onEnd({ mac: MAC, addresses: ADDRESSES }, 7);
  expect(station()!.readUInt32LE(4)).toBe(7);
  expect(maps.get(MEMBERS)!.get("07000000")!.toString("hex")).toBe(`${KEY.slice(0, 20)}aa05`);
  network.setMtu(1400);
  expect(maps.get(MEMBERS)!.get("07000000")!.readUInt16LE(10)).toBe(1400);
  const second = network.onEnd({ mac: MAC, addresses: ADDRESSES }, 8);
  first.close(); // late
  expect(station()!.readUInt32LE(4)).toBe(8);
  second.close();
  expect(maps.get(MEMBERS)!.size).toBe(0);
  expect(station()!.readUInt32LE(4)).toBe(0);
});

it("goes on with what was counted of who is here, whatever is said of other nodes", () => {
  const network = make().ofNetwork(4097, 1450);
  const here = network.onEnd({ mac: MAC, addresses: ADDRESSES }, 7);
  carry(3);
  const before = here.carried();
  expect(before.txPackets).toBe(3);
  network.setBehind(MAC, { addresses: ADDRESSES, node: NODE });
  expect(here.carried()).toEqual(before);
  network.setBehind(MAC, null);
  expect([here.carried(), station()!.readUInt32LE(4)]).toEqual([before, 7]);
});

it.each([
  ["on a TAP", {}, undefined],
  ["with a limited bandwidth", { bandwidth: {} }, 7],
])("takes who is here %s for who is here, too, though nothing is carried to it", (_, more, end) => {
  const network = make().ofNetwork(4097, 1450);
  network.setBehind(MAC, { addresses: ADDRESSES, node: NODE });
  const here = network.onEnd({ mac: MAC, addresses: ADDRESSES, ...more }, end);
  expect(station()).toBeUndefined();
  network.setBehind(MAC, { addresses: ADDRESSES, node: ip("192.0.2.3") }); // whoever says so
  expect(station()).toBeUndefined();
  expect(maps.get(MEMBERS)?.size ?? 0).toBe(0);
  here.close();
  expect(station()!.readUInt32LE(4)).toBe(0);
});

it("carries nothing of an endpoint whose bandwidth is limited, nor where nothing is to be carried", () => {
  make().ofNetwork(4097, 1450).onEnd({ mac: MAC, addresses: ADDRESSES, bandwidth: {} }, 7).close();
  make(false).ofNetwork(4097, 1450).setBehind(MAC, { addresses: ADDRESSES, node: NODE });
  expect(maps.get(MEMBERS) ?? new Map()).toEqual(new Map());
  expect(station()).toBeUndefined();
});

it("counts for a node what was carried of its stations, those that are gone too, as long as it has one", () => {
  const stations = make();
  const network = stations.ofNetwork(4097, 1450);
  const other = stations.ofNetwork(4098, 1450);
  network.setBehind(MAC, { addresses: ADDRESSES, node: NODE });
  other.setBehind(MAC, { addresses: ADDRESSES, node: NODE });
  carry(1);
  expect(network.carried()).toEqual({ txPackets: 1, txBytes: 2, rxPackets: 3, rxBytes: 4 });
  expect(stations.ofNodes().get("192.0.2.2")).toEqual({ txPackets: 1, txBytes: 2, rxPackets: 3, rxBytes: 4 });
  network.setBehind(MAC, { addresses: ADDRESSES, node: NODE }); // told again
  carry(10);
  expect(stations.ofNodes().get("192.0.2.2")).toEqual({ txPackets: 11, txBytes: 22, rxPackets: 33, rxBytes: 44 });
  network.close();
  expect(stations.ofNodes().get("192.0.2.2")).toEqual({ txPackets: 11, txBytes: 22, rxPackets: 33, rxBytes: 44 });
  expect(network.carried()).toEqual({ txPackets: 11, txBytes: 22, rxPackets: 33, rxBytes: 44 });
  other.close();
  expect(stations.ofNodes().size).toBe(0);
});
