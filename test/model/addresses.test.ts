import { describe, expect, it } from "vitest";
import { givenAddresses, isHostAddress, lowestFree, subnetProblem } from "../../src/model/addresses.js";
import { parseCidr, parseIpv4 } from "../../src/wire/ipv4-address.js";

const ip = (text: string): number => parseIpv4(text)!;
const cidr = (text: string) => parseCidr(text)!;

describe("a network's subnet", () => {
  it.each(["10.0.0.0/8", "172.18.0.0/16", "192.168.7.4/30", "1.0.0.0/8", "223.255.255.0/24"])("may be %s", (text) => {
    expect(subnetProblem(cidr(text))).toBeNull();
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
  ])("may not be %s: %s", (text, problem) => {
    expect(subnetProblem(cidr(text))).toMatchObject({ problem });
  });
});

it("a station has neither the first nor the last address of its network", () => {
  const net = cidr("172.18.4.0/30");
  const last = [0, 1, 2, 3, 4].map((n) => isHostAddress(net, ip("172.18.4.0") + n));
  expect(last).toEqual([false, true, true, false, false]);
});

describe("addresses that are given", () => {
  const taken = new Map([[ip("172.18.0.2"), "e1"]]);
  const space = { cidr: cidr("172.18.0.0/16"), gateway: ip("172.18.0.1"), taken };

  it("are taken as they are", () => {
    expect(givenAddresses.claim(space, ip("172.18.0.3"))).toBe(ip("172.18.0.3"));
  });

  it.each([
    [undefined, "invalid", /has no address/],
    ["10.0.0.3", "invalid", /10\.0\.0\.3 is no host's address in 172\.18\.0\.0\/16/],
    ["172.18.0.0", "invalid", /no host's address/],
    ["172.18.255.255", "invalid", /no host's address/],
    ["172.18.0.1", "invalid", /172\.18\.0\.1 is the gateway's/],
    ["172.18.0.2", "conflict", /172\.18\.0\.2 is that of endpoint e1/],
  ])("are refused when they cannot be: %s", (address, kind, message) => {
    expect(() => givenAddresses.claim(space, address === undefined ? undefined : ip(address))).toThrow(
      expect.objectContaining({ code: "TSP_ERR_ENDPOINT", kind, message: expect.stringMatching(message) }),
    );
  });
});

describe("addresses that are chosen", () => {
  const taken = new Map([[ip("172.18.0.2"), "e1"]]);
  const space = { cidr: cidr("172.18.0.0/29"), gateway: ip("172.18.0.1"), taken };

  it("are the lowest that is free, and neither the gateway's nor the network's own", () => {
    expect(lowestFree.claim(space, undefined)).toBe(ip("172.18.0.3"));
    expect(lowestFree.claim({ ...space, taken: new Map() }, undefined)).toBe(ip("172.18.0.2"));
  });

  it("come from the range, where there is one; one that is named need not", () => {
    const range = cidr("172.18.0.4/31");
    expect(lowestFree.claim({ ...space, range }, undefined)).toBe(ip("172.18.0.4"));
    expect(lowestFree.claim({ ...space, range }, ip("172.18.0.3"))).toBe(ip("172.18.0.3"));
  });

  it("run out", () => {
    const full = new Map([2, 3, 4, 5, 6].map((n) => [ip("172.18.0.0") + n, "e"]));
    expect(() => lowestFree.claim({ ...space, taken: full }, undefined)).toThrow(
      expect.objectContaining({ code: "TSP_ERR_ENDPOINT", kind: "conflict", message: "no address is left in 172.18.0.0/29" }),
    );
  });
});
