/** tsproxy in the hands of a user without privileges: what can be done is done, and what cannot ends in one line that says why. */
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { type Case, onTsproxy, skipUnlessReadableByNobody } from "../support/cases.js";
import { curl } from "../support/clients.js";
import type { Result } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { launch, startInstance, tsproxy } from "../support/tsproxy.js";

const NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all"];
const PUBLISH = ["-p", "8999:172.17.0.4:8080"];

/** A folder in the laboratory that belongs to the user, or to root with this mode. */
function folder({ lab }: Case, name: string, mode?: number): string {
  const dir = path.join(lab.dir, name);
  fs.mkdirSync(dir);
  if (mode === undefined) fs.chownSync(dir, 65534, 65534);
  else fs.chmodSync(dir, mode);
  return dir;
}

function asNobody(c: Case, args: string[], env: Record<string, string> = {}): Promise<Result> {
  return tsproxy(c.lab, c.host, args, { wrap: NOBODY, env });
}

/** One line on standard error that matches, exit code 1, and no stack. */
function expectRefusal({ code, stderr }: Result, words: RegExp): void {
  expect(stderr.trimEnd().split("\n"), stderr).toHaveLength(1);
  expect(stderr).toMatch(/^tsproxy: /);
  expect(stderr).toMatch(words);
  expect(code, stderr).toBe(1);
}

onTsproxy("publishes by sockets, says so, and is asked like any other instance", "kernel", async (c) => {
  skipUnlessReadableByNobody(c);
  await serve(c.lab, c.c1, "http", 8080);
  const env = { TSPROXY_RUN_DIR: folder(c, "own") };
  const instance = await startInstance(c.lab, c.host, PUBLISH, { wrap: NOBODY, env });
  expect(instance.mappings.map(({ hostPort, via }) => [hostPort, via])).toEqual([
    [8999, "relay"],
    [8999, "relay"],
  ]);
  expect(instance.proc.stderr).toMatch(/^tsproxy: warning: .*(EACCES|EPERM).*falling back to the socket relay[^\n]*\n$/);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  const { code, stdout } = await asNobody(c, ["stats"], env);
  expect([code, stdout]).toEqual([0, expect.stringContaining("0.0.0.0:8999 -> 172.17.0.4:8080/tcp  relay")]);
  await instance.stop();
  expect(fs.readdirSync(env.TSPROXY_RUN_DIR)).toEqual([]); // no code either: the sources are root's
});

onTsproxy("publishes also where it may not make its API's socket, and warns of that", "kernel", async (c) => {
  skipUnlessReadableByNobody(c);
  await serve(c.lab, c.c1, "http", 8080);
  const proc = launch(c.lab, c.host, PUBLISH, { wrap: NOBODY, env: { TSPROXY_RUN_DIR: folder(c, "roots", 0o755) } });
  await proc.until("ready", () => /^ready$/m.test(proc.stdout));
  expect(proc.stderr).toMatch(/warning: .*roots.*\(EACCES\): 'tsproxy stats' and the like cannot ask this instance; set TSPROXY_RUN_DIR/);
  expect((await curl(c.lab, c.client, `${ADDR.host}:8999`)).code).toBe(0);
  expect((await proc.stop()).code).toBe(0);
});

onTsproxy("refuses what sockets cannot do, without a promise before", "kernel", async (c) => {
  skipUnlessReadableByNobody(c);
  const env = { TSPROXY_RUN_DIR: folder(c, "own") };
  expectRefusal(await asNobody(c, ["-p", "80:172.17.0.4:8080"], env), /0\.0\.0\.0:80\/tcp.*CAP_NET_BIND_SERVICE/);
  expectRefusal(await asNobody(c, [...PUBLISH, "--offload"], env), /run as root/);
  expectRefusal(await asNobody(c, ["--network", "10.44.0.0/24"], env), /run as root/);
  expectRefusal(await asNobody(c, ["daemon"], env), /run as root/);
  expectRefusal(await asNobody(c, ["install", "--prefix", folder(c, "prefix", 0o755)], env), /run as root/);
  expect(fs.readdirSync(env.TSPROXY_RUN_DIR)).toEqual([]);
});

onTsproxy("does not take root's instance for none", "kernel", async (c) => {
  skipUnlessReadableByNobody(c);
  const env = { TSPROXY_RUN_DIR: folder(c, "roots", 0o755) };
  const { pid } = await startInstance(c.lab, c.host, PUBLISH, { env });
  for (const args of [["stats"], ["flows"], ["fdb", "--pid", String(pid)], ["ps"], ["port"]])
    expectRefusal(await asNobody(c, args, env), /this user may not open .*\.sock: run as the user who started tsproxy, or as root/);
});

onTsproxy("cleans up what is the user's, and says what is not", "kernel", async (c) => {
  skipUnlessReadableByNobody(c);
  const [own, roots] = [folder(c, "own"), folder(c, "roots", 0o755)];
  for (const dir of [own, roots]) fs.writeFileSync(path.join(dir, "999999999.sock"), "");
  const { code, stdout } = await asNobody(c, ["cleanup"], { TSPROXY_RUN_DIR: own });
  expect([code, stdout]).toEqual([0, "removed 1 stale sockets, 0 stale filters and 0 stale devices\n"]);
  expectRefusal(await asNobody(c, ["cleanup"], { TSPROXY_RUN_DIR: roots }), /may not remove .*roots\/999999999\.sock: run as root/);
  expect(fs.readdirSync(roots)).toEqual(["999999999.sock"]);
});

onTsproxy("does not take a state file that it may not read for a bad one", "kernel", async (c) => {
  skipUnlessReadableByNobody(c);
  const env = { TSPROXY_RUN_DIR: folder(c, "own"), TSPROXY_STATE_DIR: folder(c, "state") };
  const file = path.join(env.TSPROXY_STATE_DIR, "networks.json");
  fs.writeFileSync(file, JSON.stringify({ version: 1 }), { mode: 0o600 });
  expectRefusal(await asNobody(c, ["cleanup"], env), /cannot read .*networks\.json \(EACCES\): run as root/);
  expect(fs.readdirSync(env.TSPROXY_STATE_DIR)).toEqual(["networks.json"]);
});

onTsproxy("`tsproxy doctor` says what this user lacks", "kernel", async (c) => {
  skipUnlessReadableByNobody(c);
  const { code, stdout, stderr } = await asNobody(c, ["doctor"]);
  expect([code, stderr]).toEqual([1, "tsproxy: this host lacks what tsproxy needs: privileges, /dev/net/tun, BPF programs\n"]);
  expect(stdout).toMatch(/^missing {2}privileges .*\n {20,}to do: run as root/m);
});

onTsproxy("is not told of root's devices where something else is asked for, and may not clean them up", "kernel", async (c) => {
  skipUnlessReadableByNobody(c);
  // Of a killed main command, and of a killed daemon for the one that comes again.
  for (const end of ["tspv0", "tspvabcdefghijk"]) c.lab.ip(c.host, `link add ${end} type veth peer name peer${end.length}`);
  const env = { TSPROXY_RUN_DIR: folder(c, "own") };
  expectRefusal(
    await asNobody(c, ["-p", "80:172.17.0.4:8080"], env),
    /^tsproxy: cannot bind host port 0\.0\.0\.0:80\/tcp.*CAP_NET_BIND_SERVICE/,
  );
  expectRefusal(await asNobody(c, ["daemon"], env), /^tsproxy: (?!.*(clsact|delete)).*run as root/);
  expectRefusal(
    await asNobody(c, ["cleanup"], env),
    /^tsproxy: this user may not remove what a killed instance left on devices: run as root\n$/,
  );
  const instance = await startInstance(c.lab, c.host, PUBLISH, { wrap: NOBODY, env });
  expect(instance.proc.stderr).toMatch(/^tsproxy: warning: (?!.*(clsact|delete)).*falling back to the socket relay[^\n]*\n/);
  await instance.stop();
  expect((await tsproxy(c.lab, c.host, ["cleanup"])).stdout).not.toContain("may not");
  expect(c.lab.runSync(c.host, ["ip", "-o", "link"])).not.toMatch(/ tspv0[@:]/);
  c.lab.ip(c.host, "link delete tspvabcdefghijk");
});
