import { describe, expect, it } from "vitest";
import { chosenAddresses, givenAddresses, isHostAddress, lowestFree, subnetProblem } from "../../src/model/addresses.js";
import { formatIp } from "../../src/wire/ip-address.js";
import { ip, prefix, subnet } from "../support/ip.js";

describe("a network's subnet", () => {
  it.each([
    "10.0.0.0/8",
    "172.18.0.0/16",
    "192.168.7.4/30",
    "1.0.0.0/8",
    "223.255.255.0/24",
    "fd00::/64",
    "fd00:44::/112",
    "2001:db8::/32",
    "fd00::4/126",
  ])("may be %s", (text) => {
    expect(subnetProblem(prefix(text))).toBeNull();
  });

  it.each([
    ["10.0.0.0/7", "/7 is too large"],
    ["0.0.0.0/0", "/0 is too large"],
    ["10.0.0.0/31", "/31 is too small"],
    ["10.0.0.1/32", "/32 is too small"],
    ["0.0.0.0/8", "reserved for other uses"],
    ["127.9.0.0/16", "reserved for other uses"],
    ["224.9.0.0/16", "reserved for other uses"],
    ["240.9.0.0/16", "reserved for other uses"],
    ["255.255.255.0/24", "reserved for other uses"],
    ["::/0", "/0 is too large"],
    ["2000::/3", "/3 is too large"],
    ["2001:db8::/31", "/31 is too large"],
    ["fd00::/127", "/127 is too small"],
    ["fd00::1/128", "/128 is too small"],
    ["::1/128", "the host's own loopback address"],
    ["::/64", "reserved for other uses"],
    ["::ffff:10.44.0.0/120", "IPv4 addresses in the form of IPv6"],
    ["64:ff9b::/96", "reserved for IPv4 addresses behind a translator"],
    ["64:ff9b:1::/48", "reserved for IPv4 addresses behind a translator"],
    ["100::/64", "reserved for what is to be discarded"],
    ["fe80::/64", "link-local: such addresses belong to each interface by itself"],
    ["febf:1::/64", "link-local: such addresses belong to each interface by itself"],
    ["fec0::/64", "site-local, which is withdrawn (RFC 3879)"],
    ["ff02::/64", "multicast"],
  ])("may not be %s: %s", (text, problem) => {
    expect(subnetProblem(prefix(text))).toMatchObject({ problem });
  });
});

it("a station has neither the first nor the last address of its network", () => {
  const last = [0, 1, 2, 3, 4].map((n) => isHostAddress(prefix("172.18.4.0/30"), ip(`172.18.4.${n}`)));
  expect(last).toEqual([false, true, true, false, false]);
});

it("an IPv6 network has no broadcast address, and its first one is its routers'", () => {
  const last = [0, 1, 2, 3, 4].map((n) => isHostAddress(prefix("fd00::/126"), ip(`fd00::${n}`)));
  expect(last).toEqual([false, true, true, true, false]);
  expect(isHostAddress(prefix("fd00::/126"), ip("10.0.0.1"))).toBe(false);
});

describe("the lowest free address", () => {
  const free = (net: string, taken: string[] = [], gateway?: string): string | null => {
    const found = lowestFree(subnet(net, gateway), new Set(taken.map((text) => ip(text).value)));
    return found && formatIp(found);
  };

  it.each([
    ["10.44.0.0/24", [], undefined, "10.44.0.2"],
    ["10.44.0.0/24", [], "10.44.0.254", "10.44.0.1"],
    ["10.44.0.0/30", ["10.44.0.2"], undefined, null],
    ["fd00::/64", [], undefined, "fd00::2"],
    ["fd00::/64", ["fd00::2", "fd00::3", "fd00::5"], undefined, "fd00::4"],
    ["fd00::/112", ["fd00::2", "fd00::1:0:2"], undefined, "fd00::3"],
    ["fd00::/126", ["fd00::2"], undefined, "fd00::3"],
    ["fd00::/126", ["fd00::2", "fd00::3"], undefined, null],
    ["fd00:0:0:1::/64", ["fd00::2"], undefined, "fd00:0:0:1::2"],
  ])("in %s without %j and gateway %s is %s", (net, taken, gateway, expected) => {
    expect(free(net, taken, gateway)).toBe(expected);
  });
});

describe("addresses that are given", () => {
  const taken = new Map([[ip("172.18.0.2").value, "e1"]]);
  const space = { ...subnet("172.18.0.0/16"), taken };

  it("are taken as they are", () => {
    expect(givenAddresses.claim(space, ip("172.18.0.3"))).toEqual(ip("172.18.0.3"));
  });

  it.each([
    [undefined, "invalid", /has no address/],
    ["10.0.0.3", "invalid", /10\.0\.0\.3 is no host's address in 172\.18\.0\.0\/16/],
    ["172.18.0.0", "invalid", /no host's address/],
    ["172.18.255.255", "invalid", /no host's address/],
    ["172.18.0.1", "invalid", /172\.18\.0\.1 is the gateway's/],
    ["fd00::2", "invalid", /fd00::2 is no host's address in 172\.18\.0\.0\/16/],
    ["172.18.0.2", "conflict", /172\.18\.0\.2 is that of e1/],
  ])("are refused when they cannot be: %s", (address, kind, message) => {
    expect(() => givenAddresses.claim(space, address === undefined ? undefined : ip(address))).toThrow(
      expect.objectContaining({ code: "TSP_ERR_ENDPOINT", kind, message: expect.stringMatching(message) }),
    );
  });
});

describe("addresses that are chosen", () => {
  const taken = new Map([[ip("172.18.0.2").value, "e1"]]);
  const space = { ...subnet("172.18.0.0/29"), taken };

  it("are the lowest that is free", () => {
    expect(chosenAddresses.claim(space, undefined)).toEqual(ip("172.18.0.3"));
  });

  it("come from the range, where there is one; one that is named need not", () => {
    const range = prefix("172.18.0.4/31");
    expect(chosenAddresses.claim({ ...space, range }, undefined)).toEqual(ip("172.18.0.4"));
    expect(chosenAddresses.claim({ ...space, range }, ip("172.18.0.3"))).toEqual(ip("172.18.0.3"));
  });

  it("run out", () => {
    const full = new Map([2, 3, 4, 5, 6].map((n) => [ip(`172.18.0.${n}`).value, "e"]));
    expect(() => chosenAddresses.claim({ ...space, taken: full }, undefined)).toThrow(
      expect.objectContaining({
        code: "TSP_ERR_ENDPOINT",
        kind: "conflict",
        message: "no address is left in 172.18.0.0/29",
        hint: "remove an endpoint, or make a larger network",
      }),
    );
  });
});
