/** Devices that somebody deletes while they are being made, before each call that tsproxy makes into the kernel meanwhile. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it, onTestFinished, vi } from "vitest";
import { ask } from "../../src/api/client.js";
import type { TsproxyError } from "../../src/errors.js";
import { onTsproxy } from "../support/cases.js";
import { ping } from "../support/clients.js";
import type { Lab } from "../support/lab.js";
import { eventually, sleep } from "../support/proc.js";
import { SandboxHost } from "../support/sandbox-host.js";
import { ADDR } from "../support/topology.js";
import { networkArgs, startInstance } from "../support/tsproxy.js";

vi.setConfig({ testTimeout: 120_000 }); // dozens of devices each

const HOOK = fileURLToPath(new URL("../support/programs/vanish.mjs", import.meta.url));
const BOX = "box";

/** For a program that is started with `env`: `before(number, command)` has a command run before that call from now on, `isDue` says whether it is still to come. */
function vanishing(folder: string) {
  const file = path.join(folder, "vanish");
  return {
    env: { NODE_OPTIONS: `--import=${HOOK}`, TSPROXY_TEST_VANISH: file },
    before(number: number, command: string): void {
      fs.writeFileSync(`${file}.new`, `${number} ${command}`);
      fs.renameSync(`${file}.new`, file);
    },
    isDue: (): boolean => fs.existsSync(file),
    forget: (): void => fs.rmSync(file, { force: true }),
  };
}

const linksOf = (lab: Lab, ns: string): string[] => lab.runSync(ns, ["ip", "-o", "link"]).match(/(?<=^\d+: )[^:@]+/gm) ?? [];
const openFiles = (pid: number): number => fs.readdirSync(`/proc/${pid}/fd`).length;

for (const attach of ["veth", "tap"] as const)
  for (const what of attach === "veth" ? (["device", "namespace", "TAP beside it"] as const) : (["device", "namespace"] as const))
    it(`an endpoint on ${attach} whose ${what} goes half-way is made or refused in clear words, and leaves nothing`, async () => {
      const folder = fs.mkdtempSync("/tmp/tsproxy-vanish-");
      onTestFinished(() => fs.rmSync(folder, { recursive: true }));
      const vanish = vanishing(folder);
      const deleteTap = path.join(folder, "delete-tap"); // in the daemon's namespace
      fs.writeFileSync(
        deleteTap,
        "for tap in $(ip -o link | sed -n 's/^[0-9]*: \\(tspe[^:@]*\\).*/\\1/p'); do ip link delete $tap; done\n",
      );
      const h = await SandboxHost.start([], { env: vanish.env });
      const { lab, apiSocket } = h;
      await h.ok(
        "network",
        "create",
        "--subnet",
        "10.44.0.0/24",
        "--ipv6",
        "--subnet",
        "fd00:44::/64",
        "-o",
        `tsproxy.attach=${attach}`,
        "net",
      );
      const create = (netns: string, name: string) =>
        ask(apiSocket, "createSandbox", { body: { kind: "attached", netns, name, command: [], network: "net" } });
      const remove = (sandbox: string) => ask(apiSocket, "removeSandbox", { params: { sandbox }, query: { force: "1" } });
      let box = lab.addNamespace(BOX);
      await create(box, "first"); // what is made once is there from now on
      await remove("first");
      const before = { links: linksOf(lab, h.host), files: openFiles(h.daemon.pid) };

      let refused = 0;
      for (let number = 1; ; number += what === "namespace" ? 4 : 1) {
        const command = {
          device: `ip -n ${box} link delete eth0`,
          namespace: `ip netns delete ${box}`,
          "TAP beside it": `sh ${deleteTap}`,
        };
        vanish.before(number, command[what]);
        const error = await create(box, BOX).then(
          () => undefined,
          (failure: TsproxyError) => failure,
        );
        const isOver = vanish.isDue();
        vanish.forget();
        if (error === undefined) await remove(BOX);
        else {
          refused++;
          const words =
            what !== "namespace"
              ? [
                  "TSP_ERR_NO_DEVICE",
                  expect.stringMatching(/^(eth0|tspe\w+): the device was deleted by somebody else while it was set up$/),
                ]
              : ["TSP_ERR_NETNS", expect.anything()];
          expect([number, error.code, error.message]).toEqual([number, ...words]);
        }
        await eventually(`nothing is left of ${number}`, () => openFiles(h.daemon.pid) <= before.files);
        expect([linksOf(lab, h.host), await ask(apiSocket, "endpoints")]).toEqual([before.links, []]);
        if (isOver) break;
        if (what === "namespace") box = lab.addNamespace(BOX);
      }
      if (what !== "namespace") expect(refused).toBeGreaterThan(5); // a namespace is held as long as its endpoint is being made
      expect(h.daemon.stderr).not.toMatch(/internal error|cannot undo/);
      await create(box, BOX);
      expect((await ping(lab, box, "10.44.0.1")).received).toBe(3);
      await remove(BOX);
      await h.ok("network", "rm", "net");
      await h.close();
    });

onTsproxy("a device that is deleted again while it is made again is made once more", "own", async (c) => {
  const { lab, host, c1 } = c;
  const vanish = vanishing(lab.dir);
  for (const attach of ["veth", "tap"])
    for (let first = 1; first < 170; first += 24) {
      // A new one each time: who deletes the same device more often than that waits for it.
      const running = await startInstance(lab, host, [...networkArgs(c), "--attach", attach], { env: vanish.env });
      const hostDevice = (await running.stats()).ports.find(({ kind }) => kind === "host")!.name;
      const onHost = attach === "veth" ? [hostDevice, "tspe0"] : [];
      const devices = [[c1, "eth0"], ...onHost.map((name) => [host, name])] as [ns: string, device: string][];
      for (const [ns, device] of devices) {
        const indexOf = (): string => /^\d+/.exec(lab.runSync(ns, ["sh", "-c", `ip -o link show ${device} || true`]))?.[0] ?? "";
        for (const number of [first, first + 12]) {
          const before = indexOf();
          vanish.before(number, `ip -n ${ns} link delete ${device}`);
          lab.ip(ns, `link delete ${device}`);
          const isBack = (): Promise<boolean> =>
            eventually(`${device} after ${number}`, async () => {
              const { code } = await lab.run(c1, ["ping", "-n", "-c1", "-W1", ADDR.gateway]);
              return code === 0 && !["", before].includes(indexOf());
            });
          await isBack();
          vanish.forget();
          await sleep(50); // it may have come in this very moment
          await isBack();
        }
      }
      expect(running.proc.stderr).not.toMatch(/internal error|cannot/);
      await running.stop();
    }
});

onTsproxy("devices that are deleted again and again are made after pauses, and are there when that stops", "own", async (c) => {
  const { lab, host, c1 } = c;
  const running = await startInstance(lab, host, [...networkArgs(c), "--attach", "tap"]);
  const hostDevice = (await running.stats()).ports.find(({ kind }) => kind === "host")!.name;
  for (const [ns, device] of [
    [c1, "eth0"],
    [host, hostDevice],
  ] as const) {
    const indexOf = (): number => Number(/^\d+/.exec(lab.runSync(ns, ["sh", "-c", `ip -o link show ${device} || true`]))?.[0] ?? 0);
    const before = indexOf();
    const deleter = lab.start(ns, ["sh", "-c", `while :; do ip link delete ${device} 2>/dev/null; done`]);
    const said = (words: string): string[] =>
      running.proc.stderr.split("\n").filter((line) => line.includes(device) && line.includes(words));
    await eventually("the brake", () => said("again and again").length > 0);
    await sleep(3000);
    await deleter.stop("SIGKILL");
    const isBack = async (): Promise<boolean> => (await lab.run(c1, ["ping", "-n", "-c1", "-W1", ADDR.gateway])).code === 0;
    await eventually(`${device} is back`, isBack, 15_000);
    expect(indexOf() - before).toBeLessThan(40);
    expect([said("again and again").length, said("it is made again").length]).toEqual([1, 6]);
    expect(running.proc.stderr).not.toMatch(/internal error|cannot/);
  }
  await running.stop();
});

onTsproxy(
  "an endpoint is served again when somebody's own device, in the place of the one that he has deleted, is gone",
  "own",
  async (c) => {
    const { lab, host, c1 } = c;
    const running = await startInstance(lab, host, networkArgs(c));
    const isRefused = (): boolean =>
      /'eth0' cannot be made again, and is tried again: .*has a device 'eth0' already/.test(running.proc.stderr);
    await eventually("another device", async () => {
      // Ours may be there first, but not any more once there are pauses.
      await lab.run(c1, ["sh", "-c", "ip link delete eth0; ip link add eth0 type bridge"]);
      await sleep(100);
      return isRefused();
    });
    lab.ip(c1, "link delete eth0");
    const isBack = async (): Promise<boolean> => (await lab.run(c1, ["ping", "-n", "-c1", "-W1", ADDR.gateway])).code === 0;
    await eventually("the endpoint", isBack, 15_000);
    expect(running.proc.stderr).toContain("'eth0' is there again");
    expect(running.proc.stderr.match(/cannot be made again/g)).toHaveLength(1);
    await running.stop();
  },
);
