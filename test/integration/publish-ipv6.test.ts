/** Published ports of IPv6, and of one family for targets of the other, through the dataplane. */
import { expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { curl, ncUdp } from "../support/clients.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { startInstance } from "../support/tsproxy.js";

const HOST = "2001:db8::1",
  CLIENT = "2001:db8::10",
  GATEWAY = "fd00:17::1",
  TARGET = "fd00:17::4",
  NEIGHBOR = "fd00:17::5";

/** IPv6 beside IPv4, everywhere; c2 has no IPv4. */
function addIpv6({ lab, host, client, c1, c2 }: Case): void {
  lab.ip(host, `addr add ${HOST}/64 dev eth0 nodad\naddr add fe80::1/64 dev eth0 nodad\naddr add ${GATEWAY}/64 dev docker0 nodad`);
  lab.ip(client, `addr add ${CLIENT}/64 dev eth0 nodad\naddr add fe80::10/64 dev eth0 nodad`);
  lab.ip(c1, `addr add ${TARGET}/64 dev eth0 nodad\nroute add default via ${GATEWAY}`);
  lab.ip(c2, `addr add ${NEIGHBOR}/64 dev eth0 nodad\nroute add default via ${GATEWAY}`);
}

onTsproxy("a port of a target of IPv6: clients keep their address, host programs and neighbours get the gateway's", "kernel", async (c) => {
  addIpv6(c);
  const running = await startInstance(c.lab, c.host, ["-p", `[::]:8999:[${TARGET}]:8080`, "-p", `[::]:8999:[${TARGET}]:5300/udp`]);
  expect(running.mappings.map(({ hostIp, via }) => `${hostIp} ${via}`)).toEqual([":: dataplane", ":: dataplane"]);
  const web = await serve(c.lab, c.c1, "http", 8080, { LISTEN: "::" });
  await serve(c.lab, c.c1, "udp", 5300, { LISTEN: "::" });
  for (const [ns, at] of [
    [c.client, `[${HOST}]`],
    [c.client, "[fe80::1%25eth0]"],
    [c.host, "[::1]"],
    [c.host, `[${HOST}]`],
    [c.c2, `[${HOST}]`],
    [c.c1, `[${GATEWAY}]`],
  ] as const)
    expect((await curl(c.lab, ns, `${at}:8999`, ["-g"])).code, at).toBe(0);
  expect(web.hosts).toEqual([CLIENT, GATEWAY, GATEWAY, GATEWAY, GATEWAY, GATEWAY]);
  expect(await ncUdp(c.lab, c.client, HOST, 8999, "x")).toContain(CLIENT);
});

onTsproxy("a port without a host address is published on both families, whatever the target has", "kernel", async (c) => {
  addIpv6(c);
  const running = await startInstance(c.lab, c.host, ["-p", `8999:${ADDR.c1}:8080`, "-p", `9000:[${TARGET}]:8080`]);
  expect(running.mappings.map(({ hostIp, hostPort, via }) => `${hostIp} ${hostPort} ${via}`)).toEqual([
    "0.0.0.0 8999 dataplane",
    ":: 8999 dataplane",
    "0.0.0.0 9000 dataplane",
    ":: 9000 dataplane",
  ]);
  const web = await serve(c.lab, c.c1, "http", 8080, { LISTEN: "::" });
  for (const [ns, at] of [
    [c.client, `${ADDR.host}:8999`],
    [c.client, `[${HOST}]:8999`],
    [c.client, `${ADDR.host}:9000`],
    [c.client, `[${HOST}]:9000`],
    [c.host, "[::1]:8999"],
    [c.host, "127.0.0.1:9000"],
  ] as const)
    expect((await curl(c.lab, ns, at, ["-g"])).code, at).toBe(0);
  expect(web.hosts).toEqual([ADDR.client, ADDR.gateway, GATEWAY, CLIENT, ADDR.gateway, GATEWAY]);
});
