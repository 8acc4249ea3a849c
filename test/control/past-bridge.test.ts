/** Which kernels and which bridges packets may go past. */
import { afterEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { PastBridge, portOf } from "../../src/control/past-bridge.js";
import type { Workers } from "../../src/control/workers.js";
import { setLogSink } from "../../src/log.js";
import { MAX_BRIDGED } from "../../src/steer/maps.js";
import { PEER_SEEN_AT, PEER_UNTIL_AT } from "../../src/steer/past-bridge-program.js";
import type { Steering } from "../../src/steer/steering.js";
import type { BridgeEvent, BridgeLink } from "../../src/sys/bridges.js";
import type { RouteSocket } from "../../src/sys/rtnetlink.js";
import { formatIp, type IpAddress } from "../../src/wire/ip-address.js";

const kernel = vi.hoisted(() => ({ links: vi.fn(), events: [] as unknown[] }));
vi.mock("../../src/sys/bridges.js", () => ({
  BridgeSocket: class {
    links = kernel.links;
    entry = (): unknown => ({ bridge: 3, mac: "02:42:ac:11:00:04", port: 5 });
    queueing = (): unknown => ({ disciplines: new Set(), filtered: new Set() });
    otherEnd = (): unknown => ({ up: true, hasXdp: false });
    close(): void {}
  },
  BridgeMonitor: class {
    drain = (): unknown[] => kernel.events.splice(0);
    close(): void {}
  },
  captured: () => new Set(),
  hasFrameRules: () => false,
}));
vi.mock("../../src/sys/bpf.js", () => ({ tcxPrograms: () => [] }));

const bridge: BridgeLink = {
  index: 3,
  name: "docker0",
  kind: "bridge",
  mac: "02:42:00:00:00:01",
  mtu: 1500,
  up: true,
  master: 0,
  forwards: false,
  vlanFiltering: false,
  link: 0,
  linkNetns: undefined,
  hasXdp: false,
};
const port: BridgeLink = { ...bridge, index: 5, name: "veth1", kind: "veth", master: 3, forwards: true, link: 2, linkNetns: 7 };

function found(change: { bridge?: Partial<BridgeLink>; port?: Partial<BridgeLink> } = {}): number | undefined {
  const links = [
    { ...bridge, ...change.bridge },
    { ...port, ...change.port },
  ];
  return portOf(new Map(links.map((link) => [link.index, link])), { bridge: 3, mac: "02:42:ac:11:00:04", port: 5 })?.index;
}

describe("a bridge's port", () => {
  it("leads past the bridge if it is a veth into another namespace, and passes all that the bridge takes", () => {
    expect(found()).toBe(5);
    expect(found({ port: { mtu: 9000 } })).toBe(5);
  });

  it.each([
    ["the bridge sorts by VLAN", { bridge: { vlanFiltering: true } }],
    ["the bridge is down", { bridge: { up: false } }],
    ["the master is no bridge", { bridge: { kind: "openvswitch" } }],
    ["it is down", { port: { up: false } }],
    ["spanning tree blocks it", { port: { forwards: false } }],
    ["it is a port of another bridge by now", { port: { master: 4 } }],
    ["it takes less than the bridge", { port: { mtu: 1400 } }],
    ["it is a tunnel", { port: { kind: "vxlan" } }],
    ["its other end is in this namespace", { port: { linkNetns: undefined } }],
  ])("does not where %s", (_, change) => {
    expect(found(change)).toBeUndefined();
  });
});

it.each([
  ["5.10.0-30-amd64", false],
  ["6.6.9", false],
  ["6.7.0", true],
  ["6.18.44-fc", true],
  ["7.0.0-rc1", true],
  ["unknown", false],
])("on Linux %s: %s", (release, possible) => {
  expect(PastBridge.isPossible(release)).toBe(possible);
});

describe("a container that packets go to past its bridge", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it("is reached over the bridge from when something is heard about it until all is read again, however late that is", () => {
    vi.useFakeTimers();
    const READING_MS = 500; // so it is ten seconds until all is read again
    kernel.links.mockImplementation(() => {
      vi.setSystemTime(Date.now() + READING_MS);
      return [bridge, port];
    });
    const now = (): number => Number(process.hrtime.bigint() / 1_000_000_000n);
    let entry: Uint8Array | null = null;
    const steering = {
      setPeer: (_bridge: number, _address: unknown, value: Uint8Array | null) => {
        entry = value && new Uint8Array(value);
      },
      peer: (_bridge: number, _address: unknown, value: Uint8Array) => {
        if (entry === null) return false;
        value.set(entry);
        new DataView(value.buffer).setUint32(PEER_SEEN_AT, now(), true);
        return true;
      },
    } as unknown as Steering;
    const neighbor = { ifindex: 3, family: "ipv4", address: "172.17.0.4", mac: "02:42:ac:11:00:04", state: "reachable" };
    const routes = { neighbors: () => [neighbor] } as unknown as RouteSocket;
    const past = new PastBridge(routes, { watch: () => {} } as unknown as Workers, steering);
    const holds = (): boolean => entry !== null && new DataView(entry.buffer).getUint32(PEER_UNTIL_AT, true) >= now();

    vi.advanceTimersByTime(2_000);
    expect(holds()).toBe(true);
    kernel.events.push({ kind: "device", ifindex: port.index } satisfies BridgeEvent);
    past.onReadable();
    expect(holds()).toBe(false);
    for (let second = 0; second < 5; second++) {
      vi.advanceTimersByTime(1_000);
      expect(holds()).toBe(false);
    }
    expect(kernel.links).toHaveBeenCalledTimes(1);
    vi.advanceTimersByTime(10_000);
    expect(kernel.links).toHaveBeenCalledTimes(2);
    expect(holds()).toBe(true);
    past.close();
  });

  it("leaves room in the map for each endpoint on a veth pair: containers beyond that are reached over their bridge", () => {
    vi.useFakeTimers();
    kernel.links.mockImplementation(() => [bridge, port]);
    const entered = new Set<string>();
    let most = 0;
    const steering = {
      setPeer: (_bridge: number, address: IpAddress, value: Uint8Array | null) => {
        if (value === null) entered.delete(formatIp(address));
        else entered.add(formatIp(address));
        most = Math.max(most, entered.size);
      },
      peer: () => false,
    } as unknown as Steering;
    const said: string[] = [];
    setLogSink((_, message) => said.push(message));
    onTestFinished(() => setLogSink(() => {}));
    let first = 0;
    const neighbor = (family: string, address: string) => ({ ifindex: 3, family, address, mac: "02:42:ac:11:00:04", state: "reachable" });
    const neighbors = () => [
      ...Array.from({ length: MAX_BRIDGED + 3 }, (_, i) => neighbor("ipv4", `172.17.${(first + i) >> 8}.${(first + i) & 255}`)),
      neighbor("ipv6", "fd00::4"),
    ];
    const past = new PastBridge({ neighbors } as unknown as RouteSocket, { watch: () => {} } as unknown as Workers, steering);
    vi.advanceTimersByTime(2_000);
    expect(entered.size).toBe(MAX_BRIDGED + 1);
    expect([past.left, said]).toEqual([3, [expect.stringContaining(`no more than ${MAX_BRIDGED} addresses`)]]);
    expect(entered.has("fd00::4")).toBe(true); // of the other map
    first = 100;
    kernel.events.push({ kind: "overrun" });
    past.onReadable();
    vi.advanceTimersByTime(15_000);
    expect([entered.has("172.17.0.0"), entered.has("172.17.0.100")]).toEqual([false, true]);
    expect(most).toBe(MAX_BRIDGED + 1); // who is gone makes room first
    expect(said).toHaveLength(1); // once, not with each look
    past.close();
  });
});
