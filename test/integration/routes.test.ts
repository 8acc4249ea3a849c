/** The host's routing as it changes while tsproxy runs, and what becomes of packets that it has no way for. */
import { describe, expect } from "vitest";
import { onTsproxy } from "../support/cases.js";
import { curl, ncUdp, REFUSED } from "../support/clients.js";
import { sleep } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { networkArgs, startInstance } from "../support/tsproxy.js";

describe("the host changes", () => {
  onTsproxy("and published ports follow: the bridge's address and MTU, the container, the uplink", "kernel", async (c) => {
    const { lab, host, client, c1, c2 } = c;
    const instance = await startInstance(lab, host, ["-p", "8999:172.17.0.4:8080", "-p", "8999:172.17.0.4:5300/udp"]);
    const http = await serve(lab, c1, "http", 8080);
    await serve(lab, c1, "udp", 5300);
    lab.ip(host, `addr del ${ADDR.gateway}/16 dev docker0\naddr add 172.17.0.254/16 dev docker0`);
    for (const ns of [c1, c2]) lab.ip(ns, "route replace default via 172.17.0.254");
    await sleep(200);
    expect((await curl(lab, host, "127.0.0.1:8999")).code).toBe(0);
    expect(http.hosts.at(-1)).toBe("172.17.0.254");

    lab.ip(host, "link set tspup0 down");
    await sleep(200);
    expect((await curl(lab, client, `${ADDR.host}:8999`)).code).toBe(0);

    // A datagram that may not be fragmented: its sender is told the MTU, from the address that he knows.
    lab.ip(host, "link set docker0 mtu 1400");
    await ncUdp(lab, client, ADDR.host, 8999, "x".repeat(1450));
    expect(lab.runSync(client, ["ip", "route", "get", ADDR.host])).toContain("mtu 1400");

    lab.ip(host, "link del veth1\nneigh flush dev docker0");
    const gone = (from: string, at: string) => curl(lab, from, `${at}:8999`, ["--connect-timeout", "8"]);
    const codes = await Promise.all([gone(client, ADDR.host), gone(host, "127.0.0.1"), gone(c2, ADDR.host)]);
    expect(codes.map(({ code }) => code)).toEqual([REFUSED, REFUSED, REFUSED]); // curl's word for "no route to host" too
    expect((await instance.stats()).steering["taken-error"]).toBeGreaterThan(0);

    lab.ip(host, "link del tspup0");
    const { code, stderr } = await instance.proc.finish(5_000);
    expect([code, stderr]).toEqual([1, expect.stringContaining("tspup0: the device was deleted by somebody else")]);
  });

  onTsproxy("and what endpoints send follows: a rule by source, a route that moves, a narrower way", "own", async (c) => {
    const { lab, host, client, lan2, c1 } = c;
    const FAR = "203.0.113.9";
    for (const ns of [client, lan2]) lab.ip(ns, `addr add ${FAR}/32 dev lo`);
    const [here, there] = [await serve(lab, client, "udp", 5300, { LISTEN: FAR }), await serve(lab, lan2, "udp", 5300, { LISTEN: FAR })];
    lab.ip(
      host,
      `route add default via ${ADDR.client}\nroute add default via ${ADDR.lan2} table 100\nrule add from 172.17.0.0/16 lookup 100`,
    );
    const instance = await startInstance(lab, host, networkArgs(c));
    const ask = (text = "x") => ncUdp(lab, c1, FAR, 5300, text, ["-p", "5060"]);
    expect(await ask()).toMatch(`${ADDR.host2}:`);
    expect(there.hosts).toEqual([ADDR.host2]);
    lab.ip(host, "rule del from 172.17.0.0/16 lookup 100");
    await sleep(200);
    expect(await ask()).toMatch(`${ADDR.host}:`);
    expect(here.hosts).toEqual([ADDR.host]);
    lab.sysctl(host, "net.ipv4.conf.tsphost0.forwarding", 1);
    lab.ip(host, "rule add iif tsphost0 lookup 100");
    await sleep(200);
    expect(await ask()).toMatch(`${ADDR.host2}:`);
    lab.ip(host, "rule del iif tsphost0 lookup 100");
    await sleep(200);

    // What may be fragmented is, though the host forwards nothing.
    lab.runSync(host, ["nft", "-f", "-"], "table inet guard { chain forward { type filter hook forward priority 0; policy drop; }; }");
    lab.sysctl(c1, "net.ipv4.ip_no_pmtu_disc", 1);
    lab.ip(host, "link set eth0 mtu 1400");
    await ask("x".repeat(1450));
    expect(here.proc.events().at(-1)).toMatchObject({ event: "request", bytes: 1450 });
    expect((await instance.stats()).steering.returned).toBe(1);

    lab.ip(host, `route replace unreachable ${FAR}/32`);
    await sleep(200);
    const { code } = await curl(lab, c1, `${FAR}:80`, ["--connect-timeout", "5"]);
    expect([code, (await instance.stats()).drops.unreachable]).toEqual([REFUSED, 1]);
  });
});
