import { describe, expect, it } from "vitest";
import {
  eachHostAddress,
  formatMapping,
  hostAddressesMeet,
  hostAddressText,
  type PortSpec,
  parseHostAddress,
} from "../../src/control/mapping.js";
import { parsePortSpec } from "../../src/control/port-spec.js";
import { TsproxyError } from "../../src/errors.js";
import { ip } from "../support/ip.js";

const base: PortSpec = {
  hostIp: null,
  hostPort: 8999,
  hostPortEnd: 8999,
  pickFromRange: false,
  targets: { ipv4: ip("172.17.0.4") },
  targetPort: 8080,
  targetPortEnd: 8080,
  proto: "tcp",
};
const ipv6 = { ipv6: ip("fd00::4") };
const ranges = { hostPort: 8000, hostPortEnd: 8009, targetPort: 80, targetPortEnd: 89 };
const several = (...words: string[]): PortSpec["several"] =>
  words.map((word) => {
    const [address = "", port] = word.split(" ");
    return { ip: ip(address), port: Number(port) };
  });
const free = { hostPort: 0, hostPortEnd: 0 };

describe("parsePortSpec", () => {
  it.each<[string, Partial<PortSpec>]>([
    ["8999:172.17.0.4:8080", {}],
    ["8999:172.17.0.4:8080/tcp", {}],
    ["8999:172.17.0.4:8080/", {}],
    ["8999:172.17.0.4:8080/TCP", {}],
    ["8999:172.17.0.4:8080/Udp", { proto: "udp" }],
    ["8999:172.17.0.4:8080/SCTP", { proto: "sctp" }],
    ["127.0.0.1:8999:172.17.0.4:8080", { hostIp: ip("127.0.0.1") }],
    ["0.0.0.0:8999:172.17.0.4:8080", { hostIp: ip("0.0.0.0") }],
    [":8999:172.17.0.4:8080", {}],
    [":172.17.0.4:8080", free],
    ["::172.17.0.4:8080", free],
    ["127.0.0.1::172.17.0.4:8080/udp", { ...free, hostIp: ip("127.0.0.1"), proto: "udp" }],
    ["8000-8009:172.17.0.4:80-89", ranges],
    ["10.0.0.1:8000-8009:172.17.0.4:80-89/udp", { ...ranges, hostIp: ip("10.0.0.1"), proto: "udp" }],
    ["8000-8009:172.17.0.4:80", { ...ranges, targetPortEnd: 80, pickFromRange: true }],
    ["8999-8999:172.17.0.4:8080-8080", {}],
    ["8999-8999:172.17.0.4:8080", {}],
    ["1:172.17.0.4:65535", { hostPort: 1, hostPortEnd: 1, targetPort: 65535, targetPortEnd: 65535 }],
    ["1-65535:172.17.0.4:1-65535", { hostPort: 1, hostPortEnd: 65535, targetPort: 1, targetPortEnd: 65535 }],
    ["8999:[fd00::4]:8080", { targets: ipv6 }],
    ["[::]:8999:[fd00::4]:8080", { hostIp: ip("::"), targets: ipv6 }],
    ["[2001:db8::1]:8999:[fd00::4]:8080/udp", { hostIp: ip("2001:db8::1"), targets: ipv6, proto: "udp" }],
    ["[2001:DB8:0:0::1]:8999:[FD00:0::4]:8080", { hostIp: ip("2001:db8::1"), targets: ipv6 }],
    ["[::1]:8999:172.17.0.4:8080", { hostIp: ip("::1") }],
    ["192.0.2.1:8999:[fd00::4]:8080", { hostIp: ip("192.0.2.1"), targets: ipv6 }],
    ["[::]::[fd00::4]:8080", { ...free, hostIp: ip("::"), targets: ipv6 }],
    [":[fd00::4]:8080", { ...free, targets: ipv6 }],
    ["[::]:8000-8009:[fd00::4]:80-89", { ...ranges, hostIp: ip("::"), targets: ipv6 }],
    ["[fe80::1%eth0]:8999:[fd00::4]:8080", { hostIp: ip("fe80::1"), hostZone: "eth0", targets: ipv6 }],
    ["[fe80::1%eth0.100]:8999:172.17.0.4:8080", { hostIp: ip("fe80::1"), hostZone: "eth0.100" }],
    ["8999:172.17.0.4,172.17.0.5:8080", { several: several("172.17.0.4 8080", "172.17.0.5 8080") }],
    ["8999:172.17.0.4:8080,172.17.0.5:9090", { several: several("172.17.0.4 8080", "172.17.0.5 9090") }],
    ["8999:172.17.0.4,[fd00::4]:8080/udp", { several: several("172.17.0.4 8080", "fd00::4 8080"), proto: "udp" }],
    [":172.17.0.4,172.17.0.5,172.17.0.6:8080", { ...free, several: several("172.17.0.4 8080", "172.17.0.5 8080", "172.17.0.6 8080") }],
    [
      "[::1]:8000-8009:172.17.0.4:80-89,172.17.0.5:180-189",
      { ...ranges, hostIp: ip("::1"), several: several("172.17.0.4 80", "172.17.0.5 180") },
    ],
    [
      "8000-8009:172.17.0.4,172.17.0.5:80",
      { ...ranges, targetPortEnd: 80, pickFromRange: true, several: several("172.17.0.4 80", "172.17.0.5 80") },
    ],
    ["8999:172.17.0.4:8080,172.17.0.4:8081", { several: several("172.17.0.4 8080", "172.17.0.4 8081") }],
  ])("reads %s", (text, expected) => {
    expect(parsePortSpec(text)).toEqual({ ...base, ...expected });
  });

  it.each([
    // text, the problem (with the offending word), and what would work
    ["", "-p '': nothing to publish", "like 8999:172.17.0.4:8080"],
    ["8080", "'8080' has no target", "HOST_PORT:TARGET_IP:TARGET_PORT"],
    ["8080:80", "no target address between '8080' and '80'", "write 8080:TARGET_IP:80"],
    ["172.17.0.4:80", "no host port before '172.17.0.4'", ":172.17.0.4:80 for a free one"],
    ["127.0.0.1:8080:80", "no target address between '8080' and '80'", "write 127.0.0.1:8080:TARGET_IP:80"],
    ["8999:", "no target address between '8999' and ''", "write 8999:TARGET_IP:TARGET_PORT"],
    ["127.0.0.1::80", "no target address between '' and '80'", "write 127.0.0.1::TARGET_IP:80"],
    ["127.0.0.1:172.17.0.4:80", "no host port between '127.0.0.1' and '172.17.0.4'", "127.0.0.1::172.17.0.4:80 for a free one"],
    ["8080::80", "no target address", "like 8999"],
    ["8080:172.17.0.4:", "no target port", "TARGET_PORT"],
    ["8080:web:80", "invalid target address 'web'", "names are not looked up"],
    ["8080:172.17.0.256:80", "invalid target address '172.17.0.256'", "like 172.17.0.4"],
    ["8080:172.17.4:80", "invalid target address '172.17.4'", "like 172.17.0.4"],
    ["8080:172.17.0.04:80", "invalid target address '172.17.0.04'", "like 172.17.0.4"],
    ["8080:0.0.0.0:80", "target address '0.0.0.0'", "the one address"],
    ["8080:224.0.0.1:80", "target address '224.0.0.1' is multicast", "unicast"],
    ["255.255.255.255:8080:172.17.0.4:80", "host address '255.255.255.255' is multicast, broadcast", "unicast"],
    ["eth0:8080:172.17.0.4:80", "invalid host address 'eth0'", "IP address"],
    ["abc:172.17.0.4:80", "invalid host port 'abc'", "1 to 65535"],
    ["8080 :172.17.0.4:80", "invalid host port '8080 '", "1 to 65535"],
    ["8080:172.17.0.4:http", "invalid target port 'http'", "1 to 65535"],
    ["8080:172.17.0.4:-80", "invalid target port '-80'", "range like"],
    ["8080-:172.17.0.4:80", "invalid host port '8080-'", "range like"],
    ["1-2-3:172.17.0.4:80", "invalid host port '1-2-3'", "range like"],
    ["80.5:172.17.0.4:80", "invalid host port '80.5'", "1 to 65535"],
    ["0:172.17.0.4:80", "host port '0' is out of range", "leave it empty for a free one"],
    ["8080:172.17.0.4:0", "target port '0' is out of range", "use 1 to 65535"],
    ["65536:172.17.0.4:80", "host port '65536' is out of range", "use 1 to 65535"],
    ["8080:172.17.0.4:80-65536", "target port '65536' is out of range", "use 1 to 65535"],
    ["8009-8000:172.17.0.4:80-89", "host range '8009-8000' runs backwards", "write 8000-8009"],
    ["8000-8009:172.17.0.4:80-84", "host '8000-8009' (10 ports) and target '80-84' (5 ports) differ", "one length"],
    ["8000:172.17.0.4:80-84", "host '8000' (1 port) and target '80-84' (5 ports) differ", "one length"],
    [":172.17.0.4:80-84", "empty host port cannot stand for the 5 target ports '80-84'", "host range of 5 ports"],
    ["8080:172.17.0.4:80/quic", "unknown protocol 'quic'", "/tcp, /udp or /sctp"],
    ["8080:172.17.0.4:80/tcp/udp", "unknown protocol 'tcp/udp'", "/tcp, /udp or /sctp"],
    ["8080/udp:172.17.0.4:80", "'/udp' is in the middle", "goes last"],
    ["8080:[::]:80", "target address '[::]' is not a server's", "the one address"],
    ["8080:[ff02::1]:80", "target address '[ff02::1]' is multicast", "unicast"],
    ["[ff02::1]:8080:172.17.0.4:80", "host address '[ff02::1]' is multicast", "unicast"],
    ["[fe80::1]:8080:172.17.0.4:80", "host address '[fe80::1]' is link-local: it belongs to one interface", "like [fe80::1%eth0]"],
    ["[fe80::1%]:8080:172.17.0.4:80", "'[fe80::1%]' is not an IPv6 address", "[2001:db8::1]"],
    ["[fe80::1%a%b]:8080:172.17.0.4:80", "'[fe80::1%a%b]' is not an IPv6 address", "[2001:db8::1]"],
    ["[fe80::1%a-very-long-name]:8080:172.17.0.4:80", "'a-very-long-name' is not the name of an interface", "ip link"],
    ["[2001:db8::1%eth0]:8080:172.17.0.4:80", "only a link-local address belongs to an interface", "write [2001:db8::1]"],
    ["8080:[fe80::4%docker0]:80", "target address '[fe80::4%docker0]' is link-local", "another address of the container"],
    ["8080:[fe80::4]:80", "target address '[fe80::4]' is link-local", "another address of the container"],
    ["[::ffff:192.0.2.1]:8080:172.17.0.4:80", "'[::ffff:192.0.2.1]' is an IPv4 address in the form of IPv6", "write 192.0.2.1"],
    ["8080:[::ffff:ac11:4]:80", "'[::ffff:ac11:4]' is an IPv4 address in the form of IPv6", "write 172.17.0.4"],
    [`[${"1:".repeat(500)}]:8080:172.17.0.4:80`, "-p [1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1:1…: 1021 characters are too many", "like 8999"],
    ["[fd00::4:5:6:7:8:9:a]:8080:172.17.0.4:80", "'[fd00::4:5:6:7:8:9:a]' is not an IPv6 address", "[2001:db8::1]"],
    ["8080:fd00::4:80", "5 parts between ':'", "write 8080:[fd00::4]:80"],
    ["127.0.0.1:8080:fd00::4:80", "6 parts between ':'", "write 127.0.0.1:8080:[fd00::4]:80"],
    ["2001:db8::1:8080:fd00::4:80", "9 parts between ':'", "write [2001:db8::1]:8080:[fd00::4]:80"],
    ["fd00::1:8080:[fd00::4]:80", "6 parts between ':'", "write [fd00::1]:8080:[fd00::4]:80"],
    ["::1:8080:80", "5 parts between ':'", "an IPv6 address in brackets"],
    ["[::1]:80:80", "no target address between '80' and '80'", "[::1]:80:TARGET_IP:80"],
    ["[::1]:99999:172.17.0.4:80", "host port '99999' is out of range", "65535"],
    ["[::g]:8080:172.17.0.4:80", "'[::g]' is not an IPv6 address", "[2001:db8::1]"],
    ["8080:[172.17.0.4]:80", "'[172.17.0.4]' is not an IPv6 address", "172.17.0.4 without brackets"],
    ["[::1:8080:172.17.0.4:80", "unbalanced brackets in '['", "[2001:db8::1]"],
    ["::1]:8080:172.17.0.4:80", "unbalanced brackets in '::1]'", "[2001:db8::1]"],
    ["8080:[fd00::4]x:80", "unbalanced brackets in '[fd00::4]x'", "[2001:db8::1]"],
    ["fd00::4:8080:172.17.0.4:80", "6 parts between ':' where at most 4 belong", "write [fd00::4]:8080:172.17.0.4:80"],
    ["80:172.17.0.4,172.17.0.5", "no target port behind '172.17.0.5'", "write 80:172.18.0.2,172.18.0.3:8080, or each"],
    ["80:172.17.0.4,172.17.0.5:", "no target port", "write [HOST_IP:]"],
    ["80:172.17.0.4,,172.17.0.5:80", "there is a comma without a target", "write 80:"],
    ["80:172.17.0.4,172.17.0.4:80", "target 172.17.0.4:80 is there twice", "leave one of both out"],
    ["80:172.17.0.4:1,172.17.0.5,172.17.0.6:3", "some targets have a port and some have none", "each with a port of its own"],
    ["80:172.17.0.4,172.17.0.5:2,172.17.0.6:3", "some targets have a port and some have none", "each with a port of its own"],
    ["80-81:172.17.0.4:80-81,172.17.0.5:80", "target ports '80-81' and '80' differ in length", "as many ports"],
    ["80:172.17.0.4,fd00::4:80", "'fd00::4:80' is no target", "write 80:"],
    ["80:172.17.0.4,web:80", "invalid target address 'web'", "names are not looked up"],
    ["80:172.17.0.4,0.0.0.0:80", "target address '0.0.0.0' is not a server's", "the one address"],
    [`80:${Array.from({ length: 65 }, (_, n) => `10.0.0.${n + 1}`).join(",")}:80`, "65 targets are too many", "64 at most"],
  ])("refuses %j: %s", (text, problem, hint) => {
    let error: unknown;
    try {
      parsePortSpec(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TsproxyError);
    const { code, kind, message, hint: given = "" } = error as TsproxyError;
    expect([code, kind]).toEqual(["TSP_ERR_PORT_SPEC", "invalid"]);
    expect(message).toContain(problem);
    expect(given).toContain(hint);
    expect((error as TsproxyError).describe()).not.toContain("\n");
  });
});

describe("formatMapping", () => {
  it.each([
    ["8999:172.17.0.4:8080", "*:8999 -> 172.17.0.4:8080/tcp"],
    ["127.0.0.1:8000-8009:172.17.0.4:80-89/udp", "127.0.0.1:8000-8009 -> 172.17.0.4:80-89/udp"],
    [":172.17.0.4:80", "*:* -> 172.17.0.4:80/tcp"],
    ["[::]:80:[fd00::4]:8080", "[::]:80 -> [fd00::4]:8080/tcp"],
    ["[fe80::1%eth0]:80:172.17.0.4:8080", "[fe80::1%eth0]:80 -> 172.17.0.4:8080/tcp"],
  ])("shows %s as %s", (text, shown) => {
    expect(formatMapping(parsePortSpec(text))).toBe(shown);
  });
});

describe("eachHostAddress", () => {
  const shown = (spec: PortSpec, families: (4 | 6)[]): string[] => eachHostAddress(spec, families).map((one) => formatMapping(one));
  const both = { ...base, targets: { ...base.targets, ...ipv6 } };

  it("is the one that is named", () => {
    expect(shown({ ...base, hostIp: ip("::1") }, [4])).toEqual(["[::1]:8999 -> 172.17.0.4:8080/tcp"]);
  });

  it("is every family of the host where none is named, each with the target's address of it, else with the one that there is", () => {
    expect(shown(both, [4, 6])).toEqual(["0.0.0.0:8999 -> 172.17.0.4:8080/tcp", "[::]:8999 -> [fd00::4]:8080/tcp"]);
    expect(shown(base, [4, 6])).toEqual(["0.0.0.0:8999 -> 172.17.0.4:8080/tcp", "[::]:8999 -> 172.17.0.4:8080/tcp"]);
    expect(shown({ ...base, targets: ipv6 }, [4])).toEqual(["0.0.0.0:8999 -> [fd00::4]:8080/tcp"]);
  });
});

describe("host addresses", () => {
  const meet = (a: Partial<PortSpec>, b: Partial<PortSpec>): boolean => hostAddressesMeet({ ...base, ...a }, { ...base, ...b });
  const [any4, any6, one, lan] = ["0.0.0.0", "::", "192.0.2.1", "2001:db8::1"].map((text) => ({ hostIp: ip(text) }));
  const link = (hostZone: string) => ({ hostIp: ip("fe80::1"), hostZone });

  it.each<[boolean, Partial<PortSpec>, Partial<PortSpec>]>([
    [true, {}, lan!],
    [true, one!, {}],
    [true, any4!, one!],
    [true, lan!, any6!],
    [true, lan!, lan!],
    [false, any4!, any6!],
    [false, any4!, lan!],
    [false, one!, { hostIp: ip("192.0.2.2") }],
    [true, link("eth0"), link("eth0")],
    [false, link("eth0"), link("eth1")],
    [true, link("eth0"), any6!],
  ])("meet: %s", (expected, a, b) => {
    expect([meet(a, b), meet(b, a)]).toEqual([expected, expected]);
  });

  it.each(["192.0.2.1", "::", "fe80::1%eth0"])("%s is written as it is read", (text) => {
    expect(hostAddressText(parseHostAddress(text)!)).toBe(text);
  });

  it.each(["", "eth0", "fe80::1%", "192.0.2.1%eth0", "fe80::1%a%b", "%eth0"])("%j is none", (text) => {
    expect(parseHostAddress(text)).toBeNull();
  });
});
