/** Which kernels and which bridges packets may go past. */
import { describe, expect, it } from "vitest";
import { PastBridge, portOf } from "../../src/control/past-bridge.js";
import type { BridgeLink } from "../../src/sys/bridges.js";

const bridge: BridgeLink = {
  index: 3,
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
const port: BridgeLink = { ...bridge, index: 5, kind: "veth", master: 3, forwards: true, link: 2, linkNetns: 7 };

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
