/**
 * Two nodes and a Linux `vxlan` device as the third, on one LAN: what endpoints send each other arrives as it was sent, and each node is on its own what a
 * bridge is.
 */
import { expect } from "vitest";
import { onLab } from "../support/cases.js";
import { curl, iperf3, ncUdp, ping } from "../support/clients.js";
import { IPS, OverlayLab } from "../support/overlay-lab.js";
import { serve, serveIperf } from "../support/servers.js";

const [A, B, L] = [IPS.a, IPS.b, IPS.l];

onLab("endpoints reach each other across nodes, with an IPv4 underlay", async (lab) => {
  const o = new OverlayLab(lab, 4);
  const { a: c1, b: c2 } = o.containers;
  await Promise.all([o.startNode("a", { publish: [`8999:${A[0]}:8080`] }), o.startNode("b")]);
  o.startLinux("a", "b");
  await Promise.all([o.tell("a", "b", "l"), o.tell("b", "a", "l")]);

  // The first packet of all gets there.
  for (const [from, to] of [[c1, B], [c2, L], [o.ns.l, A]] as const) // biome-ignore format: a table
    for (const address of to) expect((await ping(lab, from, address)).received).toBe(3);

  const http = await serve(lab, c2, "http", 8080);
  expect((await curl(lab, c1, `${B[0]}:8080`)).peer).toMatch(`${A[0]}:`);
  expect((await curl(lab, o.ns.l, `[${B[1]}]:8080`)).code).toBe(0);
  expect(http.hosts).toEqual([A[0], L[1]]);
  await serve(lab, c1, "udp", 5300);
  expect(await ncUdp(lab, c2, A[0], 5300, "x")).toMatch(`${B[0]}:`);
  expect(await ncUdp(lab, o.ns.l, A[0], 5300, "x".repeat(1400))).toMatch(`${L[0]}:`);
  await o.stats("a").then((s) => console.log(JSON.stringify(s, null, 1)));
});
