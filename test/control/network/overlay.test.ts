import { expect, it, onTestFinished, vi } from "vitest";
import type { OverlayNetwork, OverlaySpec } from "../../../src/control/network/overlay.js";
import { setLogSink } from "../../../src/log.js";
import { parseMac } from "../../../src/wire/ethernet.js";
import { ip } from "../../support/ip.js";
import { SiteFixture, SPEC } from "./site-fixture.js";

vi.mock("../../../src/sys/ipv6-conf.js", () => ({ setIpv6Conf: () => true }));

const OVERLAY: OverlaySpec = { ...SPEC, kind: "overlay", vni: 4097, local: { ipv4: ip("192.0.2.1") }, mtu: 1450 };
const MAC = "02:42:0a:2c:00:05";
const remote = (id: string, mac = MAC, vtep = "192.0.2.2") => ({
  id,
  mac: parseMac(mac)!,
  addresses: { ipv4: ip("10.44.0.5") },
  vtep: ip(vtep),
  node: "n2",
});

it("is a bridge with tunnels beside it, and takes all back in the other order", async () => {
  const f = new SiteFixture();
  const network = f.registry.add(OVERLAY);
  const made = f.since();
  expect(made.slice(0, 3)).toEqual([
    "use tunnels 4097 192.0.2.1",
    "number overlay 4097",
    "add-network 0 10.44.0.0/24 gateway 10.44.0.1 outside any flags 0 overlay port 7 vni 4097 mtu 1450",
  ]);
  expect(made.at(-2)).toBe('set 70 {"up":true}');
  expect([network.mtu, network.hostDevice, network.number]).toEqual([1450, "tsphost0", 0]);
  await f.registry.remove(network);
  expect(f.since().slice(-4)).toEqual(["remove-network 0", "refresh", "give 7", "end tunnels 4097"]);
});

it("has the underlay's MTU less what is put before each packet, unless told otherwise", () => {
  const f = new SiteFixture();
  expect(f.registry.add({ ...OVERLAY, mtu: undefined }).mtu).toBe(1450);
});

it("follows the underlay's MTU with its own, where none was asked for", async () => {
  const f = new SiteFixture();
  const change = (through: number | null): string[] => {
    f.throughUnderlay = through;
    for (const listener of f.listeners) listener();
    return f.since();
  };
  const network = f.registry.add({ ...OVERLAY, mtu: undefined });
  f.since();
  expect(change(1450)).toEqual([]);
  expect(change(8950)).toEqual(['set 70 {"mtu":8950}', "remote-mtu 0 8950"]);
  expect(network.mtu).toBe(8950);
  expect(change(null)).toEqual([]); // nothing is sent anyway
  expect(change(1450)).toEqual(['set 70 {"mtu":1450}', "remote-mtu 0 1450"]);
  await f.registry.remove(network);
  f.since();
  expect(change(1400)).toEqual([]);
});

it("keeps the MTU that was asked for, and holds what goes to other nodes to the underlay's", () => {
  const said: string[] = [];
  setLogSink((_, message) => said.push(message));
  onTestFinished(() => setLogSink(() => {}));
  const f = new SiteFixture();
  const network = f.registry.add(OVERLAY);
  f.since();
  for (const [through, told] of [
    [1350, 1350],
    [8950, 1450],
  ] as const) {
    f.throughUnderlay = through;
    for (const listener of f.listeners) listener();
    expect(f.since()).toEqual([`remote-mtu 0 ${told}`]);
  }
  expect(network.mtu).toBe(1450);
  expect(said).toEqual(["the underlay's MTU has changed: through it go 1350 bytes, less than the network's 1450"]);
});

it.each([
  ["an identifier that is none", { vni: 0 }, "0 is no VXLAN network identifier"],
  ["an identifier of more than 24 bits", { vni: 1 << 24 }, "16777216 is no VXLAN network identifier"],
  ["an MTU that does not go through", { mtu: 1451 }, "an MTU of 1451 is too large: through the underlay go 1450 bytes"],
  ["no address in the underlay", { local: {} }, "an overlay network needs an address of this host in the underlay"],
])("refuses %s before anything is made", (_, more, message) => {
  const f = new SiteFixture();
  expect(() => f.registry.add({ ...OVERLAY, ...more })).toThrow(message);
  expect(f.since()).toEqual([]);
});

it("leaves nothing when the bridge cannot be made", async () => {
  const f = new SiteFixture();
  f.overlapping = "address 10.44.0.9/24 of eth0";
  expect(() => f.registry.add(OVERLAY)).toThrow("overlaps the host's address 10.44.0.9/24 of eth0");
  await new Promise(setImmediate);
  expect(f.since()).toEqual(["use tunnels 4097 192.0.2.1", "number overlay 4097", "give 7", "end tunnels 4097"]);
});

it("tells the workers who is behind other nodes; of two with one MAC the later one has it, whichever goes first", () => {
  const f = new SiteFixture();
  const { remotes } = f.registry.add(OVERLAY);
  f.since();
  remotes.apply({ put: [remote("old")] });
  remotes.apply({ put: [remote("new", MAC, "192.0.2.3")] });
  remotes.apply({ remove: ["old", "never"] });
  expect(f.since()).toEqual([`set-remote 0 ${MAC} 192.0.2.2`, `set-remote 0 ${MAC} 192.0.2.3`]);
  remotes.apply({ remove: ["new"] });
  expect(f.since()).toEqual([`remove-remote 0 ${MAC}`]);
  remotes.apply({ put: [remote("moved")] });
  remotes.apply({ put: [remote("moved", "02:00:00:00:00:01")] });
  expect(f.since()).toEqual([`set-remote 0 ${MAC} 192.0.2.2`, `remove-remote 0 ${MAC}`, "set-remote 0 02:00:00:00:00:01 192.0.2.2"]);
});

it("leaves out who cannot be, and says so", () => {
  const said: string[] = [];
  setLogSink((_, message) => said.push(message));
  onTestFinished(() => setLogSink(() => {}));
  const f = new SiteFixture();
  const { remotes } = f.registry.add(OVERLAY);
  f.since();
  remotes.apply({ put: [remote("a", "03:00:00:00:00:01"), remote("b", MAC, "2001:db8::2"), remote("c", MAC, "192.0.2.1")] });
  remotes.apply({ put: [remote("d", "02:42:0a:2c:00:01")] });
  expect(f.since()).toEqual([]);
  expect(said).toEqual([
    "endpoint a of node n2 is left out: '03:00:00:00:00:01' is no MAC address of a station",
    "endpoint b of node n2 is left out: its node's address 2001:db8::2 is not of the family of 192.0.2.1, which this node has in the underlay",
    "endpoint c of node n2 is left out: its node's address 192.0.2.1 is this node's own",
    "endpoint d of node n2 is left out: MAC address 02:42:0a:2c:00:01 is the gateway's",
  ]);
  expect(f.carried).toEqual(["4097 mtu 1450"]);
});

it("has the kernel carry what who sends and who receives settle, and nothing after that", async () => {
  const f = new SiteFixture();
  const network = f.registry.add({ ...OVERLAY, mtu: undefined }) as OverlayNetwork;
  network.remotes.apply({ put: [remote("e1")] });
  network.remotes.apply({ put: [remote("e1", MAC, "192.0.2.3")] });
  f.throughUnderlay = 1400;
  for (const listener of f.listeners) listener();
  network.remotes.apply({ remove: ["e1"] });
  await f.registry.remove(network);
  expect(f.carried).toEqual(["4097 mtu 1450", `${MAC} 192.0.2.2`, `${MAC} 192.0.2.3`, "mtu 1400", `${MAC} nowhere`, "none"]);
});

it.each([
  ["that is encrypted", { encrypted: true }],
  ["without ICC", { icc: false }],
  ["whose endpoints may have other addresses", { promiscuous: true }],
])("has the kernel carry nothing of a network %s", (_, more) => {
  const f = new SiteFixture();
  const network = f.registry.add({ ...OVERLAY, ...more }) as OverlayNetwork;
  network.remotes.apply({ put: [remote("e1")] });
  expect(f.carried).toEqual([]);
});
