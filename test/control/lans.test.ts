/** Which devices of the host can be the parent of a network on a LAN, and in which words others are refused. */
import { expect, it } from "vitest";
import { Lans } from "../../src/control/network/lans.js";

const IFF_LOOPBACK = 8;
const LINKS = new Map(
  [
    { name: "eth0", mac: "02:00:00:00:01:01", flags: 0 },
    { name: "enp0s3.7.2", mac: "02:00:00:00:01:01", flags: 0 },
    { name: "br0", index: 9, mac: "02:00:00:00:01:09", flags: 0, kind: "bridge" },
    { name: "bond0", index: 10, mac: "02:00:00:00:01:0a", flags: 0, kind: "bond" },
    { name: "vrf0", index: 11, mac: "02:00:00:00:01:0b", flags: 0, kind: "vrf" },
    { name: "port0", mac: "02:00:00:00:01:05", flags: 0, master: 9 },
    { name: "slave0", mac: "02:00:00:00:01:06", flags: 0, master: 10 },
    { name: "in-vrf", mac: "02:00:00:00:01:07", flags: 0, master: 11 },
    { name: "fw0", mac: "02:00:00:00:01:08", flags: 0, type: 24 },
    { name: "eth0.7", mac: "02:00:00:00:01:01", flags: 0 },
    { name: "lo", mac: "00:00:00:00:00:00", flags: IFF_LOOPBACK },
    { name: "tsplan0", mac: "02:00:00:00:01:04", flags: 0 },
    { name: "tspv0", mac: "02:00:00:00:01:0c", flags: 0, kind: "veth" },
    { name: "tspe0123456789a", mac: "02:00:00:00:01:0d", flags: 0, kind: "tun" },
    { name: "tspup0", mac: "02:00:00:00:01:02", flags: 0 },
    { name: "tsproxy0", mac: "02:00:00:00:01:03", flags: 0 },
    { name: "wg0", mac: "", flags: 0 },
  ].map((link) => [link.name, { index: 0, master: 0, type: 1, kind: "", ...link }]),
);
const socket = {
  link: (device: string | number) => LINKS.get(device as string) ?? [...LINKS.values()].find(({ index }) => index === device) ?? null,
};
const lans = new Lans({ socket } as unknown as ConstructorParameters<typeof Lans>[0]);

it.each([
  ["eth0", "eth0", 0],
  ["eth0.7", "eth0.7", 0], // a device of the host's, used as it is
  ["enp0s3.7.2", "enp0s3.7.2", 0], // whatever its name looks like
  ["in-vrf", "in-vrf", 0], // its packets are the host's all the same
  ["br0", "br0", 0],
  ["eth0.1", "eth0", 1],
  ["eth0.4094", "eth0", 4094],
])("takes for %s the device %s and VLAN %s", (name, device, vlan) => {
  expect(lans.parent(name, { mode: "bridge", promiscuous: false })).toMatchObject({ link: { name: device }, vlan });
});

it.each([
  ["eth1", "not-found", "the requested parent interface eth1 was not found on the Docker host"],
  ["a-name-that-is-too-long", "not-found", "the requested parent interface a-name-that-is-too-long was not found on the Docker host"],
  ["eth0.1.2", "invalid", "required interface name format is: name.vlan_id, ex. eth0.10 for vlan 10, instead received eth0.1.2"],
  ["eth0.x", "invalid", "unable to parse a valid vlan id from: x (ex. eth0.10 for vlan 10)"],
  ["eth0.0", "invalid", "vlan id must be between 1-4094, received: 0"],
  ["eth0.4095", "invalid", "vlan id must be between 1-4094, received: 4095"],
  ["eth1.5", "not-found", "-o parent interface was not found on the host: eth1"],
  ["eth0.-1", "invalid", "unable to parse a valid vlan id from: -1 (ex. eth0.10 for vlan 10)"],
  ["eth0.007", "invalid", "unable to parse a valid vlan id from: 007 (ex. eth0.10 for vlan 10)"],
  ["eth0.99999999999", "invalid", "unable to parse a valid vlan id from: 99999999999 (ex. eth0.10 for vlan 10)"],
  ["lo.5", "invalid", "loopback interface is not a valid macvlan parent link"],
  ["tsplan0.5", "invalid", "tsplan0 is a device of tsproxy's own"],
  ["lo", "invalid", "loopback interface is not a valid macvlan parent link"],
  ["tspup0", "invalid", "tspup0 is a device of tsproxy's own"],
  ["tspv0", "invalid", "tspv0 is a device of tsproxy's own"],
  ["tspe0123456789a", "invalid", "tspe0123456789a is a device of tsproxy's own"],
  ["tsproxy0", "invalid", "tsproxy0 is a device of tsproxy's own"],
  ["wg0", "invalid", "wg0 is no Ethernet device"],
  ["fw0", "invalid", "fw0 is no Ethernet device"],
  ["port0", "invalid", "port0 is a port of br0, which takes what comes in there"],
  ["slave0", "invalid", "slave0 is a port of bond0, which takes what comes in there"],
  ["slave0.5", "invalid", "slave0 is a port of bond0, which takes what comes in there"],
])("refuses %s: %s", (name, kind, message) => {
  expect(() => lans.parent(name, { mode: "bridge", promiscuous: false })).toThrow(
    expect.objectContaining({ code: "TSP_ERR_NETWORK", kind, message }),
  );
});
