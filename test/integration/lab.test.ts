/** The laboratory itself: what it promises to every other case. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { expect } from "vitest";
import { onNftables } from "../support/cases.js";
import { curl, REFUSED } from "../support/clients.js";
import { Lab } from "../support/lab.js";
import { eventually } from "../support/proc.js";
import { ADDR, snapshot } from "../support/topology.js";

onNftables("reports a process that outlives its case, ends it, and removes the namespaces all the same", "kernel", async () => {
  const lab = new Lab();
  const ns = lab.addNamespace("leaky");
  lab.runSync(ns, ["sh", "-c", "setsid -f sleep 61 >/dev/null 2>&1 </dev/null"]);
  // Until it is what it will be, it is still setsid's.
  const pids = (): string[] => execFileSync("ip", ["netns", "pids", ns], { encoding: "utf8" }).split("\n").filter(Boolean);
  const commands = (): string[] => pids().map((pid) => fs.readFileSync(`/proc/${pid}/cmdline`, "utf8"));
  await eventually("the stray process", () => commands().join() === "sleep\x0061\0");
  await expect(lab.close()).rejects.toThrow(/left over by the case: process \d+ \(sleep 61\)/);
  expect(fs.existsSync(`/var/run/netns/${ns}`)).toBe(false);
  expect(fs.existsSync(lab.dir)).toBe(false);
});

onNftables("sees a change of the host in its snapshot, and none where there is none", "kernel", async (c) => {
  const before = snapshot(c, c.host);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(REFUSED);
  expect(snapshot(c, c.host)).toBe(before);
  for (const [change, undo] of [
    ["ip link add br9 type bridge", "ip link del br9"],
    ["ip addr add 192.0.2.77/32 dev lo", "ip addr del 192.0.2.77/32 dev lo"],
    ["ip route add 203.0.113.0/24 via 192.0.2.10", "ip route del 203.0.113.0/24"],
    ["tc qdisc add dev eth0 clsact", "tc qdisc del dev eth0 clsact"],
    ["sysctl -q -w net.ipv4.conf.lo.route_localnet=1", "sysctl -q -w net.ipv4.conf.lo.route_localnet=0"],
    ["nft add table ip x", "nft delete table ip x"],
  ] as const) {
    c.lab.runSync(c.host, change.split(" "));
    expect(snapshot(c, c.host), change).not.toBe(before);
    c.lab.runSync(c.host, undo.split(" "));
  }
  expect(snapshot(c, c.host)).toBe(before);
});
