/** What a node of a cluster is called and where it is, from options that may be wrong, on a host that takes notes. */
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import { thisNode, type UnderlayHost, underlayMtu } from "../../src/daemon/join-cluster.js";
import { setLogSink } from "../../src/log.js";
import { formatIp, type IpAddress } from "../../src/wire/ip-address.js";
import { eachFamily } from "../../src/wire/per-family.js";
import { ip } from "../support/ip.js";

let dir: string;
beforeEach(() => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-join-"));
  onTestFinished(() => fs.rmSync(dir, { recursive: true }));
});

const LINKS: Record<string, { mtu: number; addresses: string[] }> = {
  eth0: { mtu: 1500, addresses: ["192.0.2.2", "192.0.2.1", "2001:db8::1"] },
  wg0: { mtu: 1420, addresses: ["198.51.100.1"] },
  bare0: { mtu: 1500, addresses: [] },
};
const hostWith = (defaultDevice: string | null): UnderlayHost => {
  const linkOf = (address: IpAddress) => {
    const found = Object.entries(LINKS).find(([, { addresses }]) => addresses.includes(formatIp(address)));
    return found === undefined ? null : { name: found[0], mtu: found[1].mtu };
  };
  return {
    has: (address) => linkOf(address) !== null,
    addressesOn: (device) => LINKS[device]?.addresses.map(ip) ?? null,
    defaultLink: () => (defaultDevice === null ? null : { name: defaultDevice }),
    linkOf,
  };
};
const tunnelOf = (advertise: string | undefined, device: string | null = "eth0"): string =>
  eachFamily(thisNode({ node: "a", advertise }, hostWith(device), dir).tunnel).map(formatIp).join(); // biome-ignore format: short

it("a node is where the default route leads out, or where it is said to be", () => {
  expect(tunnelOf(undefined)).toBe("192.0.2.2,2001:db8::1");
  expect(tunnelOf("wg0")).toBe("198.51.100.1");
  expect(tunnelOf("2001:db8::1")).toBe("2001:db8::1");
});

it("what is no address or device of the host, or has none, is refused with what to do, and nothing is written", () => {
  const refused = (advertise: string | undefined, device: string | null = "eth0") => expect(() => tunnelOf(advertise, device));
  refused("192.0.2.9").toThrow(expect.objectContaining({ code: "TSP_ERR_HOST_ADDRESS", kind: "not-found", message: "--advertise 192.0.2.9: not an address of this host" })); // biome-ignore format: short
  refused("eth7").toThrow(expect.objectContaining({ code: "TSP_ERR_OPTION", message: "--advertise 'eth7': no address, and no device of this host" })); // biome-ignore format: short
  refused("192.0.2").toThrow(expect.objectContaining({ code: "TSP_ERR_OPTION", hint: "see 'ip address'" }));
  refused("bare0").toThrow(expect.objectContaining({ message: "device bare0 has no address that others can reach" }));
  refused(undefined, null).toThrow(expect.objectContaining({ message: "the host has no default route", hint: "name an address or device for tunnels by --advertise" })); // biome-ignore format: short
  for (const node of ["", "a b", "a/b", "../x", "x".repeat(129), "ä", "a\nb"])
    expect(() => thisNode({ node, advertise: undefined }, hostWith("eth0"), dir)).toThrow(
      expect.objectContaining({ code: "TSP_ERR_OPTION", hint: "use letters, digits and _.- alone" }),
    );
  expect(fs.readdirSync(dir)).toEqual([]);
});

it("a state folder has one identity, which outlives the process; one that is damaged gets another", () => {
  const instance = (): string => thisNode({ node: "a", advertise: undefined }, hostWith("eth0"), dir).instance;
  const first = instance();
  expect([first, instance()]).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/), first]);
  fs.writeFileSync(path.join(dir, "node-id"), "garbage\n");
  expect(instance()).not.toBe(first);
});

it("an underlay whose packets are shorter than usual is named at the start, with what networks can have there", () => {
  const said: string[] = [];
  setLogSink((_, message) => void said.push(message));
  onTestFinished(() => setLogSink(() => {}));
  const mtuOf = (advertise: string): number => {
    const host = hostWith("eth0");
    return underlayMtu(thisNode({ node: "a", advertise }, host, dir), host)();
  };
  expect([mtuOf("eth0"), said]).toEqual([1500, []]);
  expect(mtuOf("wg0")).toBe(1420);
  expect(said).toEqual([
    "device wg0 has an MTU of 1420: this node can be in no network whose MTU is above 1370, and others make them with 1450; raise it, or make networks with --mtu 1370",
  ]);
});
