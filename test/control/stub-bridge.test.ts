/** Which kernel bridges are networks of containers, and which are the LAN. */
import { expect, it } from "vitest";
import { isStubBridge } from "../../src/control/stub-bridge.js";
import type { Link, Route } from "../../src/sys/rtnetlink-entries.js";

const link = (index: number, kind: string, master = 0): Link => ({
  index,
  name: `dev${index}`,
  mac: "",
  mtu: 1500,
  up: true,
  flags: 0,
  type: 1,
  kind,
  master,
  link: 0,
});
const route = (dst: string, prefixLength: number, oif: number): Route => ({
  family: "ipv4",
  type: "unicast",
  dst,
  prefixLength,
  oif,
  metric: 0,
  table: 254,
});
const BRIDGE = link(7, "bridge");
const CONNECTED = route("172.30.0.0", 16, 7);

it.each([
  ["without ports", []],
  ["of containers", [link(8, "veth", 7), link(9, "veth", 7)]],
  ["of virtual machines", [link(8, "tun", 7), link(9, "dummy", 7)]],
  ["of an overlay", [link(8, "vxlan", 7), link(9, "veth", 7)]],
])("a bridge %s is a stub, whatever its name and beside any other devices", (_, ports) => {
  const links = [BRIDGE, ...ports, link(1, ""), link(2, "bond"), link(3, "bridge"), link(4, "", 3)];
  expect(isStubBridge(BRIDGE, links, [CONNECTED, route("0.0.0.0", 0, 1)])).toBe(true);
  expect(isStubBridge(BRIDGE, links, [CONNECTED, route("10.0.0.0", 8, 7)])).toBe(true); // a route by way of one of its containers
});

it.each(["", "bond", "team", "vlan", "macvlan", "wireguard"])("a bridge with a port of kind '%s' is the LAN", (kind) => {
  expect(isStubBridge(BRIDGE, [BRIDGE, link(8, "veth", 7), link(9, kind, 7)], [CONNECTED])).toBe(false);
});

it("a bridge that the host's default route leaves by is the LAN", () => {
  expect(isStubBridge(BRIDGE, [BRIDGE, link(8, "veth", 7)], [CONNECTED, route("0.0.0.0", 0, 7)])).toBe(false);
});

it("no other device is one", () => {
  for (const kind of ["", "veth", "macvlan", "tun"]) expect(isStubBridge(link(7, kind), [link(7, kind)], [CONNECTED])).toBe(false);
});
