/** The host's routing as it changes while tsproxy runs, and what becomes of packets that it has no way for: the same for both families. */
import { describe, expect } from "vitest";
import { addressPort } from "../../src/wire/address-port.js";
import { type Case, onTsproxy } from "../support/cases.js";
import { curl, ncUdp, ping, REFUSED } from "../support/clients.js";
import { sleep } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, ADDR6, addIpv6, NETWORK, NETWORK6 } from "../support/topology.js";
import { startInstance } from "../support/tsproxy.js";

/** Addresses that are in no table of the topology: a second gateway, one that nobody answers for, and somebody far away. */
const FAMILIES = [
  {
    version: 4,
    at: ADDR,
    network: NETWORK,
    bits: 16,
    loopback: "127.0.0.1",
    second: "172.17.0.254",
    dead: "192.0.2.99",
    far: "203.0.113.9",
  },
  {
    version: 6,
    at: ADDR6,
    network: NETWORK6,
    bits: 64,
    loopback: "::1",
    second: "fd00:17::fe",
    dead: "2001:db8:1::99",
    far: "2001:db8:9::9",
  },
] as const;
type Family = (typeof FAMILIES)[number];

/** `ip -4` or `ip -6` in a namespace, a command a line. */
function ipOf({ lab }: Case, { version }: Family): (ns: string, commands: string) => string {
  return (ns, commands) => lab.runSync(ns, ["ip", `-${version}`, "-batch", "-"], commands);
}

/** A neighbour that does not answer is given up after three questions: in half a second instead of three. */
function askFaster({ lab, host }: Case, { version }: Family, device: string): void {
  lab.sysctl(host, `net.ipv${version}.neigh.${device}.retrans_time_ms`, 150);
}

const alone = ({ version }: Family, length: string): string => `${length}/${version === 4 ? 32 : 128}`;

describe.each(FAMILIES)("the host changes, IPv$version", (family) => {
  const { version, at, network, bits, loopback, second, dead, far } = family;

  onTsproxy("and published ports follow: the bridge's address and MTU, the container, the uplink", "kernel", async (c) => {
    const { lab, host, client, lan2, c1, c2 } = c;
    const ip = ipOf(c, family);
    if (version === 6) addIpv6(c);
    const any = version === 4 ? "0.0.0.0" : "::";
    const ports = [`${addressPort(any, 8999)}:${addressPort(at.c1, 8080)}`, `${addressPort(any, 8999)}:${addressPort(at.c1, 5300)}/udp`];
    const instance = await startInstance(
      lab,
      host,
      ports.flatMap((port) => ["-p", port]),
    );
    const http = await serve(lab, c1, "http", 8080, { LISTEN: at.c1 });
    await serve(lab, c1, "udp", 5300, { LISTEN: at.c1 });
    ip(host, `addr del ${at.gateway}/${bits} dev docker0\naddr add ${second}/${bits} dev docker0${version === 6 ? " nodad" : ""}`);
    for (const ns of [c1, c2]) ip(ns, `route replace default via ${second}`);
    await sleep(200);
    expect((await curl(lab, host, addressPort(loopback, 8999))).code).toBe(0);
    expect(http.hosts.at(-1)).toBe(second);

    ip(host, "link set tspup0 down");
    await sleep(200);
    expect((await curl(lab, client, addressPort(at.host, 8999))).code).toBe(0);

    // Answers go the way of the address that the client knows, by a rule too.
    ip(lan2, `addr add ${alone(family, far)} dev lo`);
    ip(host, `route add default via ${at.lan2} table 100\nrule add from ${at.host2} lookup 100`);
    await sleep(200);
    expect((await curl(lab, lan2, addressPort(at.host2, 8999), ["--interface", far])).peer).toContain(`${far}:`);

    // A datagram that may not be fragmented: its sender is told the MTU, from the address that he knows. Of IPv6 the first one of a flow may be.
    ip(host, "link set docker0 mtu 1400");
    const ask = (text: string) => ncUdp(lab, client, at.host, 8999, text, ["-p", "7000"]);
    if (version === 6) expect(await ask("x")).toContain(`${at.client}:`);
    await ask("x".repeat(1420));
    expect(ip(client, `route get ${at.host}`)).toContain("mtu 1400");

    askFaster(c, family, "docker0");
    ip(host, "link del veth1\nneigh flush dev docker0");
    const gone = (from: string, to: string) => curl(lab, from, addressPort(to, 8999), ["--connect-timeout", "8"]);
    const codes = await Promise.all([gone(client, at.host), gone(host, loopback), gone(c2, at.host)]);
    expect(codes.map(({ code }) => code)).toEqual([REFUSED, REFUSED, REFUSED]); // curl's word for "no route to host" too
    expect((await instance.stats()).steering["taken-error"]).toBeGreaterThan(0);

    ip(host, "link del tspup0");
    const { code, stderr } = await instance.proc.finish(5_000);
    expect([code, stderr]).toEqual([1, expect.stringContaining("tspup0: the device was deleted by somebody else")]);
  });

  onTsproxy("and what endpoints send follows: rules, a route that moves, a narrower way, gateways", "own", async (c) => {
    const { lab, host, client, lan2, c1 } = c;
    const ip = ipOf(c, family);
    if (version === 6) addIpv6(c);
    for (const ns of [client, lan2]) ip(ns, `addr add ${alone(family, far)} dev lo`);
    const [here, there] = [await serve(lab, client, "udp", 5300, { LISTEN: far }), await serve(lab, lan2, "udp", 5300, { LISTEN: far })];
    ip(host, `route add default via ${at.client}\nroute add default via ${at.lan2} table 100\nrule add from ${network} lookup 100`);
    const endpoint = `${c1}=${ADDR.c1}${version === 6 ? `,${ADDR6.c1}` : ""}`;
    const networks = version === 6 ? `${NETWORK},${NETWORK6}` : NETWORK;
    const instance = await startInstance(lab, host, ["--network", networks, "--endpoint", endpoint]);
    const ask = (text = "x") => ncUdp(lab, c1, far, 5300, text, ["-p", "5060"]);
    const change = async (commands: string): Promise<void> => {
      ip(host, commands);
      await sleep(200);
    };
    expect(await ask()).toMatch(`${at.host2}:`);
    expect(there.hosts).toEqual([at.host2]);
    await change(`rule del from ${network} lookup 100`);
    expect(await ask()).toMatch(`${at.host}:`);
    expect(here.hosts).toEqual([at.host]);
    lab.sysctl(host, `net.ipv${version}.conf.tsphost0.forwarding`, 1);
    await change("rule add iif tsphost0 lookup 100");
    expect(await ask()).toMatch(`${at.host2}:`);
    await change("rule del iif tsphost0 lookup 100");
    expect(await ask()).toMatch(`${at.host}:`);
    // Somebody deletes devices of ours: they are made again.
    ip(host, "link del tsphost0");
    ip(c1, "link del eth0");
    await sleep(500);
    expect((await ping(lab, c1, at.gateway)).received).toBe(3);
    expect(await ask()).toMatch(`${at.host}:`);
    // As wg-quick has it: all that is not marked, unless the main table knows better than its default route.
    await change("rule add not fwmark 51820 lookup 100\nrule add lookup main suppress_prefixlength 0");
    expect(await ask()).toMatch(`${at.host2}:`);
    await change("rule del not fwmark 51820 lookup 100\nrule del lookup main suppress_prefixlength 0");
    expect(await ask()).toMatch(`${at.host}:`);

    if (version === 6) {
      // A gateway by its link-local address: the source is the host's own towards the destination.
      await change("route replace default via fe80::10 dev eth0");
      expect(await ask()).toMatch(`${at.host}:`);
      ip(host, "link set eth0 mtu 1400");
      await ask("x".repeat(1420));
      expect(ip(c1, `route get ${far}`)).toContain("mtu 1400");
    } else {
      // What may be fragmented is, though the host forwards nothing.
      lab.runSync(host, ["nft", "-f", "-"], "table inet guard { chain forward { type filter hook forward priority 0; policy drop; }; }");
      lab.sysctl(c1, "net.ipv4.ip_no_pmtu_disc", 1);
      ip(host, "link set eth0 mtu 1400");
      await ask("x".repeat(1450));
      expect(here.proc.events().at(-1)).toMatchObject({ event: "request", bytes: 1450 });
    }
    expect((await instance.stats()).steering.returned).toBe(1);

    askFaster(c, family, "eth0");
    const refused = async (): Promise<number> => (await curl(lab, c1, addressPort(far, 80), ["--connect-timeout", "8"])).code;
    await change(`route replace ${alone(family, far)} via ${dead}`);
    expect(await refused()).toBe(REFUSED); // the gateway does not answer
    await change(`route replace unreachable ${alone(family, far)}`);
    expect([await refused(), (await instance.stats()).drops.unreachable]).toEqual([REFUSED, 1]);
  });
});
