/** What programs that ask find out about the network: RFC 5780's questions of a STUN client, and the path's MTU. */
import fs from "node:fs";
import { expect } from "vitest";
import { onTsproxy } from "../support/cases.js";
import { eventually } from "../support/proc.js";
import { ADDR } from "../support/topology.js";

/** A STUN server answers from another address, too, when it is asked to. */
const OTHER = "192.0.2.11";

onTsproxy("a STUN client finds endpoint-independent mapping, and filtering by address and port (RFC 5780)", "own", async (c) => {
  if (!fs.existsSync("/usr/bin/turnserver")) c.ctx.skip("not installed: coturn");
  c.lab.ip(c.client, `addr add ${OTHER}/24 dev eth0`);
  await c.begin({});
  const listen = [ADDR.client, OTHER].flatMap((ip) => ["--listening-ip", ip]);
  const server = c.lab.start(c.client, [
    "turnserver",
    "--stun-only",
    "--no-cli",
    "--no-tls",
    "--no-dtls",
    "--no-tcp",
    "--log-file=stdout",
    "--pidfile=/dev/null",
    "-n",
    ...listen,
  ]);
  await eventually("a STUN server", () => c.lab.runSync(c.client, ["ss", "-lun"]).includes(":3478"));
  const { stdout } = await c.lab.run(c.c1, ["turnutils_natdiscovery", "-m", "-f", ADDR.client]);
  await server.stop();
  expect(stdout).toContain("NAT with Endpoint Independent Mapping!");
  expect(stdout).toContain("NAT with Address and Port Dependent Filtering!");
});

onTsproxy("tracepath and ping learn the MTU of a way that is shorter than the network's", "own", async (c) => {
  c.lab.ip(c.host, "link set eth0 mtu 1400");
  await c.begin({});
  const ping = await c.lab.run(c.c1, ["ping", "-n", "-c", "1", "-W", "1", "-M", "do", "-s", "1420", ADDR.client]);
  const path = await c.lab.run(c.c1, ["tracepath", "-n", "-m", "3", ADDR.client]);
  expect(ping.stdout).toMatch(/From 172\.17\.0\.1 .*mtu ?= ?1400/);
  expect(path.stdout).toMatch(/pmtu 1400/);
  expect(path.stdout).toMatch(/192\.0\.2\.10 +[\d.]+ms reached/);
});
