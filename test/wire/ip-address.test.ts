import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as ip from "../../src/wire/ip-address.js";

const parsed = (text: string): string | null => {
  const address = ip.parseIp(text);
  return address && ip.formatIp(address);
};
const prefix = (text: string): ip.IpPrefix => ip.parsePrefix(text)!;

describe("addresses of both families", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // RFC 5952 §4.2.3: the first of two equal runs
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // §4.2.2: not for one group
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["fe80::0001", "fe80::1"],
    ["::ffff:c000:201", "::ffff:192.0.2.1"],
    ["::ffff:192.0.2.1", "::ffff:192.0.2.1"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ])("%s is written %s", (text, canonical) => expect(parsed(text)).toBe(canonical));

  it.each([
    "",
    "1",
    "192.0.2",
    "192.0.2.01",
    "fe80::1%eth0",
    "[::1]",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7:8:9",
    "g::",
    "::ffff:192.0.2.01",
    "12345::",
  ])("%j is none", (text) => expect(ip.parseIp(text)).toBeNull());

  it("bytes and text say the same, whatever the address", () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ minLength: 16, maxLength: 16 }), fc.uint8Array({ minLength: 4, maxLength: 4 })), (bytes) => {
        const address = ip.ofBytes(bytes);
        expect(ip.toBytes(address)).toEqual(bytes);
        expect(ip.parseIp(ip.formatIp(address))).toEqual(address);
      }),
    );
  });

  it("knows the unspecified address of either family", () => {
    const unspecified = (text: string): boolean => ip.isUnspecified(ip.parseIp(text)!);
    expect(["0.0.0.0", "::", "::1", "0.0.0.1"].map(unspecified)).toEqual([true, true, false, false]);
  });

  it("takes IPv4 addresses as numbers", () => {
    expect(ip.formatIp(ip.ofIpv4(0xc0000201 | 0))).toBe("192.0.2.1");
    expect(ip.toIpv4(ip.parseIp("192.0.2.1")!)).toBe(0xc0000201 | 0);
  });

  it("tells an IPv4-mapped address from the IPv4 one, and which that is", () => {
    const mapped = ip.parseIp("::ffff:192.0.2.1")!;
    expect(ip.sameIp(mapped, ip.parseIp("192.0.2.1")!)).toBe(false);
    expect(ip.sameIp(ip.unmapped(mapped), ip.parseIp("192.0.2.1")!)).toBe(true);
    expect(ip.formatIp(ip.unmapped(ip.parseIp("2001:db8::1")!))).toBe("2001:db8::1");
  });
});

describe("prefixes", () => {
  it.each([
    ["10.1.2.3/8", "10.0.0.0/8"],
    ["0.0.0.0/0", "0.0.0.0/0"],
    ["2001:db8::1/64", "2001:db8::/64"],
    ["fd00::5/128", "fd00::5/128"],
    ["fd00::5/127", "fd00::4/127"],
    ["::/0", "::/0"],
  ])("%s is %s", (text, canonical) => expect(ip.formatPrefix(prefix(text))).toBe(canonical));

  it.each(["10.0.0.0", "10.0.0.0/33", "::/129", "::/01", "::/-1", "::/", "/64", "10.0.0.0/8/8"])("%j is none", (text) =>
    expect(ip.parsePrefix(text)).toBeNull(),
  );

  it("contain addresses of their own family", () => {
    const contains = (a: string, b: string): boolean => ip.prefixContains(prefix(a), ip.parseIp(b)!);
    expect([contains("10.0.0.0/8", "10.255.255.255"), contains("10.0.0.0/8", "11.0.0.0")]).toEqual([true, false]);
    expect([contains("fd00::/64", "fd00::ffff:ffff:ffff:ffff"), contains("fd00::/64", "fd00:0:0:1::")]).toEqual([true, false]);
    expect([contains("::/0", "10.0.0.1"), contains("0.0.0.0/0", "::1")]).toEqual([false, false]);
  });

  it("overlap when one contains the other", () => {
    const overlap = (a: string, b: string): boolean => ip.prefixesOverlap(prefix(a), prefix(b));
    expect([overlap("10.0.0.0/8", "10.1.0.0/16"), overlap("10.1.0.0/16", "10.0.0.0/8"), overlap("10.0.0.0/16", "10.1.0.0/16")]).toEqual([
      true,
      true,
      false,
    ]);
    expect([overlap("fd00::/8", "fd00:1::/32"), overlap("fd00::/64", "fd00:0:0:1::/64"), overlap("::/0", "0.0.0.0/0")]).toEqual([
      true,
      false,
      false,
    ]);
  });

  it("end in their last address", () => {
    expect(["10.0.0.0/30", "fd00::/126"].map((text) => ip.formatIp(ip.lastOf(prefix(text))))).toEqual(["10.0.0.3", "fd00::3"]);
  });
});
