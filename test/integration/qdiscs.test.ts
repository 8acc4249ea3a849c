/**
 * While a clsact qdisc comes or goes, the kernel drops what its device is to send. So each of the host's devices gets one once, and loses it when the last
 * instance ends in order: counted as the kernel tells it.
 */
import { expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { connect } from "../support/clients.js";
import { type KernelLook, kernel } from "../support/kernel.js";
import { launchProxy, mappings } from "../support/launcher.js";
import { MAIN } from "../support/paths.js";
import { eventually } from "../support/proc.js";
import { each, watchQdiscs } from "../support/qdisc-changes.js";
import { program, serve } from "../support/servers.js";
import { asDockerd, opens, speaking, stream } from "../support/streams.js";
import { ADDR } from "../support/topology.js";
import { launch, startInstance, untilReady } from "../support/tsproxy.js";

const PUBLISH = ["-p", `8999:${ADDR.c1}:8080`];
const LOOKS: [how: string, look: KernelLook][] = [
  ["by links", "new"],
  ["by filters, where the kernel has no links", "6.5"],
];

function clsacts(c: Case): string {
  return c.lab.runSync(c.host, ["tc", "qdisc", "show"]).replace(/^(?!qdisc clsact).*\n/gm, "");
}

for (const [how, look] of LOOKS) {
  onTsproxy(`qdiscs come once, and stay while instances are killed and others started, attached ${how}`, "kernel", async (c) => {
    await serve(c.lab, c.c1, "tcp", 8080);
    c.lab.runSync(c.host, ["tc", "qdisc", "add", "dev", "eth1", "clsact"]); // another program's
    const others = { eth1: "" };
    const changes = await watchQdiscs(c);
    let running = await startInstance(c.lab, c.host, PUBLISH, kernel(look));
    expect(await changes()).toEqual(each("+", others));
    const client = await connect(c.lab, c.client, ADDR.host, 8999, 3);
    for (let kills = 0; kills < 2; kills++) {
      await running.proc.stop("SIGKILL");
      running = await startInstance(c.lab, c.host, PUBLISH, kernel(look));
      await client.exchange(`after kill ${kills}`, 3);
    }
    // A daemon and the main command, one killed beside the other, and begun again.
    let daemon = await untilReady(launch(c.lab, c.host, ["daemon"], kernel(look)));
    await running.proc.stop("SIGKILL");
    await daemon.stop("SIGKILL");
    running = await startInstance(c.lab, c.host, PUBLISH, kernel(look));
    daemon = await untilReady(launch(c.lab, c.host, ["daemon"], kernel(look)));
    await client.exchange("at last", 3);
    expect(await changes()).toEqual(each("+", others));
    await running.stop();
    expect(await changes()).toEqual(each(look === "6.5" ? "+" : "+-", others)); // who comes beside another one has links at once
    expect((await daemon.stop()).code).toBe(0);
    expect(await changes()).toEqual(each("+-", others));
    expect(clsacts(c)).toMatch(/^qdisc clsact ffff: dev eth1 .*\n$/);
    expect(c.lab.runSync(c.host, ["tc", "filter", "show", "dev", "eth1", "ingress"])).toBe("");
  });
}

for (const [how, look] of LOOKS)
  onTsproxy(
    `a daemon that systemd restarts loses no connection and no qdisc, and one that it stops leaves nothing, attached ${how}`,
    "kernel",
    async (c) => {
      asDockerd(c);
      const changes = await watchQdiscs(c);
      const argv = [process.execPath, program("systemd"), c.lab.dir, process.execPath, MAIN, "daemon"];
      const unit = c.lab.start(c.host, argv, { ...kernel(look), input: "pipe" });
      const ready = (times: number) => unit.until("ready", () => (unit.stdout.match(/^ready\b/gm) ?? []).length === times);
      await ready(1);
      await launchProxy(c.lab, c.host, { hostPort: 8999, containerIp: ADDR.c1, containerPort: 8080 });
      const report = await stream(c, c.client, `${ADDR.host}:8999`, { ns: c.c1, port: 8080 }, 50);
      await report();
      for (let restarts = 1; restarts <= 2; restarts++) {
        unit.write("restart\n");
        const during = opens(c, c.client, 8999);
        await ready(1 + restarts);
        await eventually("the port is published", async () => (await mappings(c)).length === 1);
        const gapMs = await speaking(report, 50);
        expect(await during).toBe(true);
        console.log(`longest silence of 50 connections while the daemon was restarted, attached ${how}: ${gapMs} ms`);
      }
      expect(await changes()).toEqual(each("+"));
      unit.write("stop\n");
      expect((await unit.finish()).code).toBe(0);
      expect(await changes()).toEqual(each("+-"));
      expect(clsacts(c)).toBe("");
    },
  );

onTsproxy("a device that loses its address and gets it again keeps its qdisc, where the kernel has no links", "kernel", async (c) => {
  c.lab.sysctl(c.host, "net.ipv6.conf.eth1.disable_ipv6", 1); // it would have an address of that family still
  const changes = await watchQdiscs(c);
  const running = await startInstance(c.lab, c.host, PUBLISH, kernel("6.5"));
  const isSteered = (): boolean => /tsproxy-/.test(c.lab.runSync(c.host, ["tc", "filter", "show", "dev", "eth1", "ingress", "chain", "0"]));
  expect(isSteered()).toBe(true);
  c.lab.ip(c.host, `addr del ${ADDR.host2}/24 dev eth1`);
  await eventually("eth1 is let go of", async () => !isSteered());
  c.lab.ip(c.host, `addr add ${ADDR.host2}/24 dev eth1`);
  await eventually("eth1 is steered again", async () => isSteered());
  expect(await changes()).toEqual(each("+"));
  await running.stop();
  expect(await changes()).toEqual(each("+-"));
});

for (const firstEndsFirst of [true, false])
  onTsproxy(
    `of two instances the last to end removes the qdiscs, where the kernel has no links: ${firstEndsFirst ? "the second" : "the first"}`,
    "kernel",
    async (c) => {
      const changes = await watchQdiscs(c);
      const first = await startInstance(c.lab, c.host, PUBLISH, kernel("6.5"));
      const second = await startInstance(c.lab, c.host, ["-p", `9000:${ADDR.c2}:8080`], kernel("6.5"));
      const [before, last] = firstEndsFirst ? [first, second] : [second, first];
      await before.stop();
      expect(await changes()).toEqual(each("+"));
      await last.stop();
      expect(await changes()).toEqual(each("+-"));
      expect(clsacts(c)).toBe("");
    },
  );
