/** Ports that are published on both families, as is the default, with targets of one: clients of the other are translated (RFC 7915). */
import { expect } from "vitest";
import { addressPort } from "../../src/wire/address-port.js";
import { type Case, forEachKind, onTsproxy } from "../support/cases.js";
import { curl, ncHalfClose, REFUSED, udpExchange } from "../support/clients.js";
import { serve } from "../support/servers.js";
import { ADDR, ADDR6, addIpv6, NETWORK, NETWORK6 } from "../support/topology.js";
import { startInstance, type TsproxyProcess } from "../support/tsproxy.js";

function begin(c: Case, args: string[]): Promise<TsproxyProcess> {
  addIpv6(c);
  const endpoints = [`${c.c1}=${ADDR.c1},${ADDR6.c1}`, `${c.c2}=${ADDR.c2}`].flatMap((text) => ["--endpoint", text]);
  return startInstance(c.lab, c.host, [...(c.containers === "own" ? ["--network", `${NETWORK},${NETWORK6}`, ...endpoints] : []), ...args]);
}

forEachKind((kind) => {
  onTsproxy("leads clients of both families to the one address that a target has, by TCP and UDP", kind, async (c) => {
    const targets = [`8999:${ADDR.c1}:8080`, `8999:${ADDR.c1}:5300/udp`, `9000:[${ADDR6.c1}]:8080`, `9000:[${ADDR6.c1}]:5300/udp`];
    const running = await begin(
      c,
      targets.flatMap((text) => ["-p", text]),
    );
    expect(running.mappings.map(({ hostIp, hostPort, via }) => `${hostIp} ${hostPort} ${via}`)).toEqual(
      [8999, 8999, 9000, 9000].flatMap((port) => [`0.0.0.0 ${port} dataplane`, `:: ${port} dataplane`]),
    );
    const web = await serve(c.lab, c.c1, "http", 8080, { LISTEN: "::" });
    await serve(c.lab, c.c1, "udp", 5300, { LISTEN: "::" });
    const vantages = [
      { from: c.client, at: ADDR.host, port: 8999, seenAs: ADDR.client },
      { from: c.client, at: ADDR6.host, port: 8999, seenAs: ADDR.gateway },
      { from: c.host, at: "::1", port: 8999, seenAs: ADDR.gateway },
      { from: c.client, at: ADDR.host, port: 9000, seenAs: ADDR6.gateway },
      { from: c.client, at: ADDR6.host, port: 9000, seenAs: ADDR6.client },
      { from: c.host, at: "127.0.0.1", port: 9000, seenAs: ADDR6.gateway },
    ];
    for (const { from, at, port } of vantages) expect((await curl(c.lab, from, addressPort(at, port))).code, `${at} ${port}`).toBe(0);
    expect(web.hosts).toEqual(vantages.map(({ seenAs }) => seenAs));
    for (const { from, at, port, seenAs } of vantages)
      expect(await udpExchange(c.lab, from, at, port, "hello"), `${at} ${port}/udp`).toContain(`${seenAs}:`);
  });
});

onTsproxy("carries bulk data across families, both ways", "kernel", async (c) => {
  await begin(c, ["-p", `8999:${ADDR.c1}:8080`]);
  await serve(c.lab, c.c1, "tcp", 8080);
  const text = "0123456789abcdef".repeat(130_000);
  for (const [from, at] of [
    [c.client, ADDR6.host],
    [c.host, "::1"],
  ] as const) {
    const answer = await ncHalfClose(c.lab, from, at, 8999, text);
    expect(answer.startsWith(text), at).toBe(true);
  }
});

onTsproxy("publishes on the one address that is named, a link-local one too, and on no other", "kernel", async (c) => {
  const hosts = [`[${ADDR6.host}]`, "[fe80::1%eth0]"];
  await begin(
    c,
    hosts.flatMap((host) => ["-p", `${host}:8999:${ADDR.c1}:8080`]),
  );
  await serve(c.lab, c.c1, "http", 8080);
  for (const at of [`[${ADDR6.host}]`, "[fe80::1%25eth0]"]) expect((await curl(c.lab, c.client, `${at}:8999`, ["-g"])).code, at).toBe(0);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
  expect((await curl(c.lab, c.host, "[::1]:8999")).code).toBe(REFUSED);
});
