import { describe, expect, it } from "vitest";
import { DEFAULT_BALANCE } from "../../src/control/balance-options.js";
import { TsproxyError } from "../../src/errors.js";
import { parseConfig, type RunOptions } from "../../src/standalone/config.js";
import { DEFAULT_TIMEOUTS, ESTABLISHED } from "../../src/table/conntrack.js";
import { DEFAULT_LIMITS } from "../../src/table/limit-options.js";
import { ip, prefix, subnet } from "../support/ip.js";

const MAPPING = "8999:172.17.0.4:8080";
const NETWORK = "172.17.0.0/16";
const web = (address: string, netns = "web"): RunOptions => ({ network: NETWORK, endpoint: [`${netns}=${address}`] });

describe("parseConfig", () => {
  it("fills in the defaults for one mapping", () => {
    expect(parseConfig({ publish: [MAPPING] })).toEqual({
      publish: [expect.objectContaining({ hostPort: 8999, targets: { ipv4: ip("172.17.0.4") } })],
      network: undefined,
      endpoints: [],
      allowFrom: [],
      workers: 1,
      masqueradePorts: { first: 10240, last: 32767 },
      conntrackMax: 250_000,
      timeouts: DEFAULT_TIMEOUTS,
      offload: "auto",
      pastBridge: true,
      firewall: "honour",
      limits: DEFAULT_LIMITS,
      balance: DEFAULT_BALANCE,
      readyFd: undefined,
      relay: false,
      probe: false,
      json: false,
    });
  });

  it("takes --affinity and --health-check where a port has several targets", () => {
    const publish = ["80:172.18.0.2,172.18.0.3:8080"];
    expect(parseConfig({ publish, affinity: "client:1m", healthCheck: "off" }).balance).toEqual({ affinitySec: 60, check: null });
    for (const more of [{ affinity: "client" }, { healthCheck: "off" }])
      expect(() => parseConfig({ publish: [MAPPING], ...more })).toThrow("no port has several targets");
  });

  it("wants an endpoint for each of several targets in its network", () => {
    const publish = ["80:172.17.0.4,172.17.0.5:8080"];
    expect(() => parseConfig({ publish, ...web("172.17.0.4") })).toThrow("no endpoint has the target address 172.17.0.5");
  });

  it("reads every option", () => {
    const config = parseConfig(
      {
        publish: [MAPPING, "53:172.17.0.5:53/udp"],
        network: NETWORK,
        endpoint: ["web=172.17.0.4", "4711=172.17.0.5", "/proc/4712/ns/net=172.17.255.254", "a=b=172.17.0.6"],
        allowFrom: ["192.168.0.0/24", "10.0.0.7", "10.1.2.3/8", "2001:db8::7/32", "fd00::4"],
        masqueradePorts: "40000-40001",
        mtu: "9000",
        workers: "4",
        conntrackMax: "1000",
        maxFlows: ["client=100", "port=5000"],
        maxNewFlows: ["endpoint=20"],
        timeout: ["established=7200"],
        readyFd: "3",
        promiscuous: true,
        attach: "tap",
        relay: true,
        probe: true,
        json: true,
      },
      4,
    );
    expect(config).toMatchObject({
      workers: 4,
      masqueradePorts: { first: 40000, last: 40001 },
      conntrackMax: 1000,
      limits: {
        flows: { ...DEFAULT_LIMITS.flows, client: 100, port: 5000 },
        newFlowsPerSec: { ...DEFAULT_LIMITS.newFlowsPerSec, endpoint: 20 },
      },
      timeouts: DEFAULT_TIMEOUTS.with(ESTABLISHED, 7200),
      readyFd: 3,
      relay: true,
      probe: true,
      json: true,
    });
    expect(config.network).toEqual({
      kind: "bridge",
      subnets: { ipv4: subnet(NETWORK) },
      mtu: 9000,
      promiscuous: true,
      attach: "tap",
    });
    expect(config.endpoints).toEqual([
      { netns: "web", addresses: { ipv4: ip("172.17.0.4") } },
      { netns: "4711", addresses: { ipv4: ip("172.17.0.5") } },
      { netns: "/proc/4712/ns/net", addresses: { ipv4: ip("172.17.255.254") } },
      { netns: "a=b", addresses: { ipv4: ip("172.17.0.6") } },
    ]);
    expect(config.allowFrom).toEqual([
      prefix("192.168.0.0/24"),
      prefix("10.0.0.7/32"),
      prefix("10.0.0.0/8"),
      prefix("2001:db8::/32"),
      prefix("fd00::4/128"),
    ]);
  });

  it("has the kernel carry flows where it can, unless told; a bare --offload insists", () => {
    const offload = (word?: string | boolean) => parseConfig({ publish: ["80:172.17.0.4:80"], offload: word }).offload;
    expect([undefined, true, false, "auto", "always", "never"].map(offload)).toEqual([
      "auto",
      "always",
      "never",
      "auto",
      "always",
      "never",
    ]);
    expect(parseConfig({ publish: ["80:172.17.0.4:80"], relay: true, offload: "never" }).relay).toBe(true);
  });

  it("reads a network of both families, and gives each endpoint what it does not name", () => {
    const both = { ipv4: subnet("10.44.0.0/24"), ipv6: subnet("fd00:44::/64") };
    const endpoint = ["a=10.44.0.4,fd00:44::2", "b=fd00:44::9,10.44.0.2", "c=10.44.0.3", "d=fd00:44::3"];
    const config = parseConfig({ network: "10.44.0.0/24,fd00:44::/64", endpoint });
    expect(config.network?.subnets).toEqual(both);
    expect(config.endpoints.map(({ addresses }) => addresses)).toEqual([
      { ipv4: ip("10.44.0.4"), ipv6: ip("fd00:44::2") },
      { ipv4: ip("10.44.0.2"), ipv6: ip("fd00:44::9") },
      { ipv4: ip("10.44.0.3"), ipv6: ip("fd00:44::4") },
      { ipv4: ip("10.44.0.5"), ipv6: ip("fd00:44::3") },
    ]);
    expect(parseConfig({ network: "fd00:44::/64" }).network?.subnets).toEqual({ ipv6: both.ipv6 });
  });

  it.each<[string, RunOptions]>([
    ["a network alone", { network: NETWORK }],
    ["the smallest network", { network: "10.0.0.0/30", endpoint: ["web=10.0.0.2"] }],
    ["the gateway as a target", { publish: ["80:172.17.0.1:80"], network: NETWORK }],
    ["a target outside the network", { publish: ["80:10.0.0.1:80"], network: NETWORK }],
    ["one port for tcp and udp", { publish: ["53:10.0.0.1:53", "53:10.0.0.1:53/udp"] }],
    ["one port on two addresses", { publish: ["127.0.0.1:80:10.0.0.1:80", "10.0.0.9:80:10.0.0.2:80"] }],
    ["one port in each family", { publish: ["0.0.0.0:80:10.0.0.1:80", "[::]:80:[fd00::4]:80"] }],
    ["one port of one address on two interfaces", { publish: ["[fe80::1%a]:80:10.0.0.1:80", "[fe80::1%b]:80:10.0.0.1:80"] }],
    ["adjoining ranges", { publish: ["80-89:10.0.0.1:80-89", "90-99:10.0.0.1:90-99"] }],
    ["free ports twice", { publish: [":10.0.0.1:80", ":10.0.0.1:80"] }],
    ["a pick from a range beside a port of it", { publish: ["80-89:10.0.0.1:80", "85:10.0.0.1:85"] }],
  ])("accepts %s", (_name, raw) => {
    expect(parseConfig(raw).publish).toHaveLength(raw.publish?.length ?? 0);
  });

  it.each<[RunOptions, string, string]>([
    [
      { publish: [MAPPING], offload: "sometimes" },
      "--offload 'sometimes': not a word for when the kernel carries flows",
      "use auto, always or never",
    ],
    [{ publish: [MAPPING], offload: "" }, "--offload '': not a word for when the kernel carries flows", "use auto, always or never"],
    [{ publish: [MAPPING], relay: true, offload: true }, "--offload: the kernel cannot carry what --relay does", "leave one of both out"],
    [{}, "nothing to do", "-p 8999:172.17.0.4:8080"],
    [{ publish: [MAPPING], maxFlows: ["100"] }, "--max-flows '100': not a limit", "client=N"],
    [{ publish: [MAPPING], maxFlows: ["host=100"] }, "--max-flows 'host=100': not a limit", "client=N"],
    [{ publish: [MAPPING], maxFlows: ["client=0"] }, "--max-flows: client '0'", "1 to 1048576"],
    [{ publish: [MAPPING], maxFlows: ["client=ten"] }, "--max-flows: client 'ten'", "1 to 1048576"],
    [{ publish: [MAPPING], maxFlows: ["client=1", "client=2"] }, "--max-flows 'client=2': there is one", "leave one"],
    [{ publish: [MAPPING], maxNewFlows: ["port=99999999"] }, "--max-new-flows: port '99999999'", "1 to 10000000"],
    [{ publish: ["80"] }, "'80' has no target", "HOST_PORT"],
    [{ publish: [MAPPING], endpoint: ["web=172.17.0.4"] }, "--endpoint web=172.17.0.4: there is no network", "--network"],
    [{ publish: [MAPPING], promiscuous: true }, "--promiscuous: there is no network", "--network"],
    [{ publish: [MAPPING], attach: "veth" }, "--attach veth: there is no network", "--network"],
    [{ network: NETWORK, attach: "bridge" }, "--attach bridge: not a way to attach", "auto, veth, tap"],
    [{ publish: [MAPPING], mtu: "1500" }, "--mtu 1500: there is no network", "--network"],
    [{ network: "172.17.0.0" }, "--network '172.17.0.0': not a network", "10.44.0.0/24"],
    [{ network: "10.44.0.0/24," }, "--network '': not a network", "10.44.0.0/24"],
    [{ network: "fd00::1/64" }, "--network 'fd00::1/64': not the network's first address", "write fd00::/64"],
    [{ network: "fd00::%eth0/64" }, "--network 'fd00::%eth0/64': not a network", "fd00:44::/64"],
    [{ network: "[fd00::]/64" }, "--network '[fd00::]/64': not a network", "fd00:44::/64"],
    [{ network: "fe80::/64" }, "--network 'fe80::/64': link-local", "fd00:44::/64"],
    [{ network: "::ffff:10.44.0.0/120" }, "IPv4 addresses in the form of IPv6", "fd00:44::/64"],
    [{ network: "fd00::/127" }, "/127 is too small", "/32 to /126"],
    [{ network: "10.44.0.0/24,10.45.0.0/24" }, "10.44.0.0/24 and 10.45.0.0/24 are of one family", "one of each family"],
    [{ network: "fd00::/64,10.45.0.0/24,fd01::/64" }, "fd00::/64 and fd01::/64 are of one family", "one of each family"],
    [{ network: "172.17.0.9/16" }, "--network '172.17.0.9/16': not the network's first address", "write 172.17.0.0/16"],
    [{ network: "10.0.0.0/31" }, "/31 is too small", "/8 to /30"],
    [{ network: "0.0.0.0/0" }, "/0 is too large", "/8 to /30"],
    [{ network: "127.0.0.0/16" }, "reserved", "private network"],
    [{ network: "224.0.0.0/16" }, "reserved", "private network"],
    [{ network: NETWORK, mtu: "67" }, "--mtu '67'", "68 to 65521"],
    [{ network: NETWORK, mtu: "65522" }, "--mtu '65522'", "68 to 65521"],
    [{ network: NETWORK, endpoint: ["web"] }, "--endpoint 'web': no '='", "like web=172.17.0.2"],
    [{ network: NETWORK, endpoint: ["=172.17.0.4"] }, "'' is no namespace", "/run/netns"],
    [web("172.17.0.4", "run/netns/web"), "'run/netns/web' is no namespace", "absolute path"],
    [web("172.17.0.4", ".."), "'..' is no namespace", "/run/netns"],
    [web("172.17.0"), "'172.17.0' is not an IP address", "172.17.0.0/16"],
    [web("fd00::4"), "fd00::4 is an IPv6 address, and the network is 172.17.0.0/16", "use one of 172.17.0.0/16"],
    [web("172.17.0.4,172.17.0.5"), "several addresses of one family", "one of each family"],
    [web("172.17.0.4,"), "'' is not an IP address", "172.17.0.0/16"],
    [{ network: "fd00::/126", endpoint: ["a=10.0.0.1"] }, "10.0.0.1 is an IPv4 address, and the network is fd00::/126", "fd00::/126"],
    [{ network: "fd00::/126", endpoint: ["a=fd00::4"] }, "fd00::4 is outside the network fd00::/126", "use fd00::2 to fd00::3"],
    [{ network: "fd00::/126", endpoint: ["a=fd00::"] }, "the network's own address", "use fd00::2 to fd00::3"],
    [{ network: "fd00::/126", endpoint: ["a=fd00::1"] }, "the gateway", "use fd00::2 to fd00::3"],
    [{ network: "fd00::/126", endpoint: ["a=fd00::2", "b=fd00:0::2"] }, "fd00::2 is taken by --endpoint a=fd00::2", "of its own"],
    [
      { network: "10.0.0.0/24,fd00::/126", endpoint: ["a=10.0.0.2", "b=10.0.0.3", "c=10.0.0.4"] },
      "--endpoint 'c=10.0.0.4': no address is free in fd00::/126",
      "larger network",
    ],
    [web("172.18.0.4"), "172.18.0.4 is outside the network 172.17.0.0/16", "172.17.0.2 to 172.17.255.254"],
    [web("172.17.0.0"), "the network's own address", "172.17.0.2 to"],
    [web("172.17.255.255"), "broadcast", "to 172.17.255.254"],
    [web("172.17.0.1"), "the gateway", "172.17.0.2 to"],
    [
      { network: NETWORK, endpoint: ["a=172.17.0.4", "b=172.17.0.4"] },
      "--endpoint b=172.17.0.4: 172.17.0.4 is taken by --endpoint a=172.17.0.4",
      "of its own",
    ],
    [{ network: NETWORK, endpoint: ["a=172.17.0.4", "a=172.17.0.5"] }, "namespace 'a' has --endpoint a=172.17.0.4 already", "one endpoint"],
    [
      { network: NETWORK, endpoint: ["a=172.17.0.4", "/var/run/netns/a=172.17.0.5"] },
      "namespace '/var/run/netns/a' has --endpoint a=",
      "one endpoint",
    ],
    [
      { network: NETWORK, endpoint: ["/proc/12/ns/net=172.17.0.4", "12=172.17.0.5"] },
      "namespace '12' has --endpoint /proc/12",
      "one endpoint",
    ],
    [{ publish: [MAPPING], ...web("172.17.0.5") }, "no endpoint has the target address 172.17.0.4", "--endpoint NETNS=172.17.0.4"],
    [{ publish: [MAPPING], allowFrom: ["lan"] }, "--allow-from 'lan'", "192.0.2.0/24 or 2001:db8::/32"],
    [{ publish: [MAPPING], allowFrom: ["2001:db8::/129"] }, "--allow-from '2001:db8::/129'", "2001:db8::/32"],
    [{ publish: [MAPPING], allowFrom: ["::ffff:10.0.0.0/104"] }, "--allow-from '::ffff:10.0.0.0/104'", "10.0.0.0/8"],
    [{ publish: [MAPPING], allowFrom: ["10.0.0.0/33"] }, "--allow-from '10.0.0.0/33'", "192.0.2.0/24"],
    [{ publish: [MAPPING], workers: "0" }, "--workers '0'", "1 to 2"],
    [{ publish: [MAPPING], workers: "3" }, "--workers '3'", "1 to 2"],
    [{ publish: [MAPPING], workers: "two" }, "--workers 'two'", "1 to 2"],
    [{ publish: [MAPPING], workers: "" }, "--workers ''", "1 to 2"],
    [{ publish: [MAPPING], masqueradePorts: "61000" }, "--masquerade-ports '61000'", "FIRST-LAST"],
    [{ publish: [MAPPING], masqueradePorts: "0-100" }, "--masquerade-ports '0-100'", "FIRST-LAST"],
    [{ publish: [MAPPING], masqueradePorts: "200-100" }, "--masquerade-ports '200-100'", "FIRST-LAST"],
    [{ publish: [MAPPING], masqueradePorts: "1-65536" }, "--masquerade-ports '1-65536'", "FIRST-LAST"],
    [{ publish: [MAPPING], readyFd: "-1" }, "--ready-fd '-1'", "1 to"],
    [{ publish: [MAPPING], conntrackMax: "1e9" }, "--conntrack-max '1e9'", "1 to 1048576"],
    [{ publish: [MAPPING, MAPPING] }, "host port 8999/tcp is published already by -p 8999:172.17.0.4:8080", "another host port"],
    [
      { publish: ["80:10.0.0.1:80", "127.0.0.1:80:10.0.0.2:80"] },
      "-p 127.0.0.1:80:10.0.0.2:80: host port 80/tcp is published already by -p 80:10.0.0.1:80",
      "different host addresses",
    ],
    [{ publish: ["[::1]:80:10.0.0.2:80", "80:10.0.0.1:80"] }, "-p 80:10.0.0.1:80: host port 80/tcp", "different host addresses"],
    [{ publish: ["[::]:80:10.0.0.2:80", "[fd00:0::1]:80:10.0.0.1:80"] }, "host port 80/tcp is published already", "different"],
    [{ publish: ["127.0.0.1:80:10.0.0.2:80", "80:10.0.0.1:80"] }, "-p 80:10.0.0.1:80: host port 80/tcp", "different host addresses"],
    [{ publish: ["80-89:10.0.0.1:80-89", "85-95:10.0.0.1:85-95"] }, "host port 85/tcp is published already", "another host port"],
    [
      { publish: ["1.1.1.1:80-89:10.0.0.1:80-89/udp", "1.1.1.1:89:10.0.0.1:9/udp"] },
      "host port 89/udp is published already",
      "another host port",
    ],
  ])("refuses %j: %s", (raw, message, hint) => {
    let error: unknown;
    try {
      parseConfig(raw, 2);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TsproxyError);
    expect((error as TsproxyError).kind).toBe("invalid");
    expect((error as TsproxyError).message).toContain(message);
    expect((error as TsproxyError).hint).toContain(hint);
  });
});
