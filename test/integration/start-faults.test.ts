/** What a start begins or puts off, where something is lacking: descriptors, room, a folder that can be written, code that is whole. */
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { onTsproxy } from "../support/cases.js";
import { curl } from "../support/clients.js";
import { eventually } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, snapshot } from "../support/topology.js";
import { launch, startInstance, tsproxy } from "../support/tsproxy.js";

const PUBLISH = ["-p", "8999:172.17.0.4:8080"];
/** Standard output and error go to files: Node.js has no stream then. */
const TO_FILES = (dir: string): string[] => ["sh", "-c", 'out=$0 && exec "$@" >"$out/out" 2>"$out/err"', dir];

const HOOK = fileURLToPath(new URL("../support/programs/hoard.mjs", import.meta.url));
const LIMIT = 200;

onTsproxy("answers the first client, or ends its connection and says why, however few descriptors are left", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  for (const free of [0, 1, 2]) {
    const dir = fs.mkdtempSync(path.join(c.lab.dir, "run-"));
    const env = { TSPROXY_RUN_DIR: dir, TSPROXY_TEST_FREE: String(free), NODE_OPTIONS: `--import=${HOOK}` };
    const proc = launch(c.lab, c.host, PUBLISH, { wrap: ["prlimit", `--nofile=${LIMIT}`, ...TO_FILES(dir)], env });
    const [out, err] = [path.join(dir, "out"), path.join(dir, "err")];
    const used = (): number => fs.readdirSync(`/proc/${proc.pid}/fd`).length;
    await eventually("ready", () => fs.existsSync(out) && /^ready/m.test(fs.readFileSync(out, "utf8")));
    await eventually("the end of the start", () => fs.readdirSync(dir).some((name) => name.endsWith(".code")));
    const ask = ["curl", "-sS", "-m", "5", "--unix-socket", path.join(dir, `${proc.pid}.sock`), "http://tsproxy/v1/info"];
    proc.signal("SIGUSR2");
    await eventually("few descriptors", () => used() >= LIMIT - free);
    const first = await c.lab.run(c.host, ask);
    expect(first.stderr, `${free} free`).not.toMatch(/timed out/);
    if (!first.stdout.includes('"role"')) expect(fs.readFileSync(err, "utf8"), `${free} free: ${first.stdout}`).toMatch(/EMFILE/);
    proc.signal("SIGUSR2");
    await eventually("descriptors", () => used() < LIMIT / 2);
    expect((await c.lab.run(c.host, ask)).stdout, `after ${free} free`).toContain('"role"');
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
    expect((await proc.stop()).code).toBe(0);
  }
});

onTsproxy("serves, or says that it lacks descriptors, however few there are, and leaves nothing", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const before = snapshot(c, c.host);
  const outcomes = new Set<string>();
  for (let limit = 20; limit <= 84; limit += 4) {
    const proc = launch(c.lab, c.host, PUBLISH, { wrap: ["prlimit", `--nofile=${limit}`] });
    await proc.until("ready, or its end", () => /^ready/m.test(proc.stdout) || !proc.running);
    const ready = /^ready/m.test(proc.stdout);
    if (ready) {
      expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code, `${limit}: ${proc.stderr}`).toBe(0);
      expect(proc.running, `${limit}: ${proc.stderr}`).toBe(true);
    }
    const { code, stderr } = await proc.stop();
    expect([limit, code], stderr).toEqual([limit, ready ? 0 : 1]);
    if (!ready) expect(stderr, String(limit)).toMatch(/^tsproxy: [^\n]*raise 'ulimit -n'\n$/m);
    expect(snapshot(c, c.host), `${limit}: ${stderr}`).toEqual(before);
    outcomes.add(ready ? (stderr.includes("falling back") ? "relays" : "carries") : "refuses");
  }
  expect([...outcomes].sort()).toEqual(["carries", "refuses", "relays"]);
});

onTsproxy("starts as ever where code that was kept is broken, and keeps it anew; `cleanup` removes it", "kernel", async (c) => {
  await serve(c.lab, c.c1, "http", 8080);
  const once = async (): Promise<void> => {
    const running = await startInstance(c.lab, c.host, PUBLISH);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
    await running.stop();
  };
  await once();
  const kept = (): string[] => fs.readdirSync(c.lab.runDir).filter((name) => name.includes(".code"));
  const file = path.join(c.lab.runDir, kept()[0]!);
  const whole = fs.readFileSync(file);
  for (let n = 1; n < 8; n++) {
    const broken = Buffer.from(whole);
    broken.fill(0xff, Math.floor((n * whole.length) / 8), Math.floor((n * whole.length) / 8) + 64);
    fs.writeFileSync(file, broken);
    const { ino } = fs.statSync(file);
    await once();
    expect(fs.statSync(file).ino).not.toBe(ino);
  }
  const { stdout } = await tsproxy(c.lab, c.host, ["cleanup"]);
  expect(stdout).toContain("removed 1 file of code that was kept for the next start");
  expect(kept()).toEqual([]);
});
