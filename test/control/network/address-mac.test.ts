import { expect, it } from "vitest";
import { addressMac, stationMac } from "../../../src/control/network/address-mac.js";
import { macText } from "../../../src/wire/ethernet.js";
import { ip } from "../../support/ip.js";

it("has the address in it, behind Docker's two bytes", () => {
  expect(["172.17.3.4", "10.0.255.1", "255.254.253.252"].map((text) => macText(addressMac(ip(text))))).toEqual([
    "02:42:ac:11:03:04",
    "02:42:0a:00:ff:01",
    "02:42:ff:fe:fd:fc",
  ]);
});

it("is made of all bits of an IPv6 address, locally administered and no group's", () => {
  const macs = ["fd00::4", "fd00::1:0:4", "fd01::4", "fd00::4"].map((text) => macText(addressMac(ip(text))));
  expect(new Set(macs).size).toBe(3);
  expect(macs[3]).toBe(macs[0]);
  for (const mac of macs) expect(mac).toMatch(/^06:/);
});

it("is that of the IPv4 address for who has both", () => {
  const both = { ipv4: ip("10.44.0.4"), ipv6: ip("fd00::4") };
  expect(stationMac(both)).toEqual(addressMac(both.ipv4));
  expect(stationMac({ ipv6: both.ipv6 })).toEqual(addressMac(both.ipv6));
});
