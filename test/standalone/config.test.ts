import { describe, expect, it } from "vitest";
import { TsproxyError } from "../../src/errors.js";
import { parseConfig, type RunOptions } from "../../src/standalone/config.js";
import { DEFAULT_TIMEOUTS, ESTABLISHED } from "../../src/table/conntrack.js";
import { DEFAULT_LIMITS } from "../../src/table/limit-options.js";
import { parseIpv4 } from "../../src/wire/ipv4-address.js";

const MAPPING = "8999:172.17.0.4:8080";
const NETWORK = "172.17.0.0/16";
const web = (address: string, netns = "web"): RunOptions => ({ network: NETWORK, endpoint: [`${netns}=${address}`] });

describe("parseConfig", () => {
  it("fills in the defaults for one mapping", () => {
    expect(parseConfig({ publish: [MAPPING] })).toEqual({
      publish: [expect.objectContaining({ hostPort: 8999, targetIp: "172.17.0.4" })],
      network: undefined,
      endpoints: [],
      allowFrom: [],
      workers: 1,
      masqueradePorts: { first: 10240, last: 32767 },
      conntrackMax: 262144,
      timeouts: DEFAULT_TIMEOUTS,
      offload: false,
      firewall: "honour",
      limits: DEFAULT_LIMITS,
      readyFd: undefined,
      relay: false,
      probe: false,
      json: false,
    });
  });

  it("reads every option", () => {
    const config = parseConfig(
      {
        publish: [MAPPING, "53:172.17.0.5:53/udp"],
        network: NETWORK,
        endpoint: ["web=172.17.0.4", "4711=172.17.0.5", "/proc/4712/ns/net=172.17.255.254", "a=b=172.17.0.6"],
        allowFrom: ["192.168.0.0/24", "10.0.0.7", "10.1.2.3/8"],
        masqueradePorts: "40000-40001",
        mtu: "9000",
        workers: "4",
        conntrackMax: "1000",
        maxFlows: ["client=100", "port=5000"],
        maxNewFlows: ["endpoint=20"],
        timeout: ["established=7200"],
        readyFd: "3",
        promiscuous: true,
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
      cidr: { address: parseIpv4("172.17.0.0"), prefixLength: 16 },
      gateway: parseIpv4("172.17.0.1"),
      mtu: 9000,
      promiscuous: true,
    });
    expect(config.endpoints).toEqual([
      { netns: "web", address: parseIpv4("172.17.0.4") },
      { netns: "4711", address: parseIpv4("172.17.0.5") },
      { netns: "/proc/4712/ns/net", address: parseIpv4("172.17.255.254") },
      { netns: "a=b", address: parseIpv4("172.17.0.6") },
    ]);
    expect(config.allowFrom).toEqual([
      { address: parseIpv4("192.168.0.0"), prefixLength: 24 },
      { address: parseIpv4("10.0.0.7"), prefixLength: 32 },
      { address: parseIpv4("10.0.0.0"), prefixLength: 8 },
    ]);
  });

  it.each<[string, RunOptions]>([
    ["a network alone", { network: NETWORK }],
    ["the smallest network", { network: "10.0.0.0/30", endpoint: ["web=10.0.0.2"] }],
    ["the gateway as a target", { publish: ["80:172.17.0.1:80"], network: NETWORK }],
    ["a target outside the network", { publish: ["80:10.0.0.1:80"], network: NETWORK }],
    ["one port for tcp and udp", { publish: ["53:10.0.0.1:53", "53:10.0.0.1:53/udp"] }],
    ["one port on two addresses", { publish: ["127.0.0.1:80:10.0.0.1:80", "10.0.0.9:80:10.0.0.2:80"] }],
    ["adjoining ranges", { publish: ["80-89:10.0.0.1:80-89", "90-99:10.0.0.1:90-99"] }],
    ["free ports twice", { publish: [":10.0.0.1:80", ":10.0.0.1:80"] }],
    ["a pick from a range beside a port of it", { publish: ["80-89:10.0.0.1:80", "85:10.0.0.1:85"] }],
  ])("accepts %s", (_name, raw) => {
    expect(parseConfig(raw).publish).toHaveLength(raw.publish?.length ?? 0);
  });

  it.each<[RunOptions, string, string]>([
    [{}, "nothing to do", "-p 8999:172.17.0.4:8080"],
    [{ publish: [MAPPING], maxFlows: ["100"] }, "--max-flows '100': not a limit", "client=N"],
    [{ publish: [MAPPING], maxFlows: ["host=100"] }, "--max-flows 'host=100': not a limit", "client=N"],
    [{ publish: [MAPPING], maxFlows: ["client=0"] }, "--max-flows client= '0'", "1 to 1048576"],
    [{ publish: [MAPPING], maxFlows: ["client=ten"] }, "--max-flows client= 'ten'", "1 to 1048576"],
    [{ publish: [MAPPING], maxFlows: ["client=1", "client=2"] }, "--max-flows 'client=2': there is one", "leave one"],
    [{ publish: [MAPPING], maxNewFlows: ["port=99999999"] }, "--max-new-flows port= '99999999'", "1 to 10000000"],
    [{ publish: ["80"] }, "'80' has no target", "HOST_PORT"],
    [{ publish: [MAPPING], endpoint: ["web=172.17.0.4"] }, "--endpoint web=172.17.0.4: there is no network", "--network"],
    [{ publish: [MAPPING], promiscuous: true }, "--promiscuous: there is no network", "--network"],
    [{ publish: [MAPPING], mtu: "1500" }, "--mtu 1500: there is no network", "--network"],
    [{ network: "172.17.0.0" }, "--network '172.17.0.0': not an IPv4 network", "10.44.0.0/24"],
    [{ network: "fd00::/64" }, "--network 'fd00::/64': not an IPv4 network", "10.44.0.0/24"],
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
    [web("172.17.0"), "'172.17.0' is not an IPv4 address", "172.17.0.0/16"],
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
    [{ publish: [MAPPING], allowFrom: ["lan"] }, "--allow-from 'lan'", "192.168.0.0/24"],
    [{ publish: [MAPPING], allowFrom: ["10.0.0.0/33"] }, "--allow-from '10.0.0.0/33'", "192.168.0.0/24"],
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
