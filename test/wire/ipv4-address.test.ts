import { describe, expect, it } from "vitest";
import { contains, formatCidr, formatIpv4, lastAddress, netmask, parseCidr, parseIpv4 } from "../../src/wire/ipv4-address.js";

describe("parseIpv4", () => {
  it.each([
    ["0.0.0.0", 0],
    ["10.0.0.1", 0x0a000001],
    ["127.255.255.255", 0x7fffffff],
    ["128.0.0.0", -0x80000000],
    ["192.168.0.1", 0xc0a80001 | 0],
    ["255.255.255.255", -1],
  ])("reads %s as an int32 in host order, and writes it back", (text, address) => {
    expect(parseIpv4(text)).toBe(address);
    expect(formatIpv4(address)).toBe(text);
  });

  it.each([
    "",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "1.2.3.999",
    "01.2.3.4",
    "1.2.3.00",
    "1.2.3.4 ",
    " 1.2.3.4",
    "1.2.3.-4",
    "0x7f.0.0.1",
    "1e1.0.0.1",
    "127.1",
    "::1",
    "1.2.3.4\n",
  ])("refuses %j", (text) => {
    expect(parseIpv4(text)).toBeNull();
  });
});

describe("parseCidr", () => {
  it.each([
    ["172.17.0.0/16", "172.17.0.0/16"],
    ["172.17.5.9/16", "172.17.0.0/16"],
    ["1.2.3.4/32", "1.2.3.4/32"],
    ["255.1.2.3/0", "0.0.0.0/0"],
    ["192.168.1.255/25", "192.168.1.128/25"],
  ])("reads %s and masks the host bits: %s", (text, masked) => {
    const cidr = parseCidr(text);
    expect(cidr).not.toBeNull();
    expect(cidr && formatCidr(cidr)).toBe(masked);
  });

  it.each(["1.2.3.4", "1.2.3.4/", "1.2.3.4/33", "1.2.3.4/08", "1.2.3.4/-1", "1.2.3/8", "/8", "1.2.3.4/8/8", "1.2.3.4/ 8"])(
    "refuses %j",
    (text) => {
      expect(parseCidr(text)).toBeNull();
    },
  );
});

it("makes a mask for every prefix length", () => {
  expect(netmask(0)).toBe(0);
  for (let length = 1; length <= 32; length++) expect(netmask(length) >>> 0).toBe(2 ** 32 - 2 ** (32 - length));
});

it("tells the addresses of a network from its neighbours'", () => {
  const cidr = { address: 0xac110000 | 0, prefixLength: 16 };
  expect(contains(cidr, 0xac110000 | 0)).toBe(true);
  expect(contains(cidr, 0xac11ffff | 0)).toBe(true);
  expect(contains(cidr, 0xac100fff | 0)).toBe(false);
  expect(contains(cidr, 0xac120000 | 0)).toBe(false);
  expect(contains({ address: 0, prefixLength: 0 }, -1)).toBe(true);
  expect(contains({ address: -1, prefixLength: 32 }, -1)).toBe(true);
  expect(contains({ address: -1, prefixLength: 32 }, -2)).toBe(false);
});

it("gives the last address", () => {
  expect(lastAddress({ address: 0xac110000 | 0, prefixLength: 16 })).toBe(0xac11ffff | 0);
  expect(lastAddress({ address: 5, prefixLength: 32 })).toBe(5);
  expect(lastAddress({ address: 0, prefixLength: 0 })).toBe(-1);
});
