/** The Debian packages: what lintian says, and installing, using, upgrading, removing and purging one in a copy of this machine. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { curl } from "../support/clients.js";
import { MachineCopy } from "../support/machine-copy.js";
import { pack } from "../support/package.js";
import { eventually } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR } from "../support/topology.js";

const VERSION = (JSON.parse(fs.readFileSync("package.json", "utf8")) as { version: string }).version;
const NEXT = `${VERSION}+next`;
const ARCH = process.arch === "arm64" ? "arm64" : "amd64";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-debian-"));
const deb = (version: string, arch = ARCH): string => path.join(dir, `tsproxy_${version}_${arch}.deb`);

function obstacle(): string | undefined {
  const missing = ["dpkg-deb", "lintian", "man"].filter((name) => !fs.existsSync(`/usr/bin/${name}`));
  return missing.length > 0 ? `not installed: ${missing.join(", ")}` : undefined;
}
const reason = obstacle();

/** Takes a package apart, changes it, and puts it together as `to`. */
function repack(from: string, to: string, change: (folder: string) => void): void {
  const folder = fs.mkdtempSync(path.join(dir, "repack-"));
  execFileSync("dpkg-deb", ["-R", from, folder]);
  change(folder);
  execFileSync("dpkg-deb", ["--root-owner-group", "-Znone", "--build", folder, to], { stdio: "pipe" });
}

function replaceIn(file: string, from: string, to: string): void {
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace(from, to));
}

/** A package `nodejs` that is this Node, for a machine whose own did not come from dpkg. */
function packNode(): string {
  const file = path.join(dir, "node.deb");
  if (fs.existsSync(file)) return file;
  const folder = path.join(dir, "node");
  fs.mkdirSync(path.join(folder, "DEBIAN"), { recursive: true });
  fs.mkdirSync(path.join(folder, "usr/bin"), { recursive: true });
  fs.symlinkSync(process.execPath, path.join(folder, "usr/bin/node"));
  const fields = ["Package: nodejs", `Version: ${process.versions.node}`, "Architecture: all", "Maintainer: test <test@example.org>"];
  fs.writeFileSync(path.join(folder, "DEBIAN/control"), `${fields.join("\n")}\nDescription: this Node\n`);
  execFileSync("dpkg-deb", ["--root-owner-group", "--build", folder, file], { stdio: "pipe" });
  return file;
}

beforeAll(async () => {
  if (reason !== undefined) return;
  const tarball = await pack(dir);
  execFileSync(process.execPath, [path.join(dir, "tree/dist/package/main.js"), "deb", tarball, dir], { stdio: "pipe" });
  repack(deb(VERSION), deb(NEXT), (folder) => {
    replaceIn(path.join(folder, "DEBIAN/control"), `Version: ${VERSION}`, `Version: ${NEXT}`);
    replaceIn(path.join(folder, "usr/lib/tsproxy/package.json"), `"version": "${VERSION}"`, `"version": "${NEXT}"`);
  });
}, 120_000);
afterAll(() => fs.rmSync(dir, { recursive: true, force: true }));

describe("lintian", () => {
  it.skipIf(reason !== undefined).each(["amd64", "arm64"])("finds no error and no warning in the package for %s", (arch) => {
    const args = ["--allow-root", "--fail-on", "error,warning", deb(VERSION, arch)];
    expect(() => execFileSync("lintian", args, { encoding: "utf8", stdio: "pipe" })).not.toThrow();
  });
});

/** A copy of this machine with Node from a package, and a systemd that only notes what it is asked for in /mnt/systemd. */
async function machine(c: Case): Promise<MachineCopy> {
  if (reason !== undefined) c.ctx.skip(reason);
  const copy = await MachineCopy.make(c.lab, c.host);
  for (const version of [VERSION, NEXT]) fs.copyFileSync(deb(version), path.join(c.lab.dir, path.basename(deb(version))));
  fs.copyFileSync(packNode(), path.join(c.lab.dir, "node.deb"));
  if ((await copy.attempt("dpkg --compare-versions $(dpkg-query -f '$'{Version} -W nodejs) ge 20")).code !== 0)
    await copy.run("dpkg -i /mnt/node.deb");
  await copy.run(`mkdir -p /run/systemd/system /tmp/stub
for name in systemctl deb-systemd-invoke; do printf '#!/bin/sh\\necho "%s $*" >>/mnt/systemd\\n' $name >/tmp/stub/$name; done
chmod +x /tmp/stub/*`);
  return copy;
}

/** dpkg, with that systemd; man-db would read all pages of the machine anew. */
const dpkg = (copy: MachineCopy, args: string): Promise<string> =>
  copy.run(`PATH=/tmp/stub:$PATH dpkg --force-unsafe-io --no-triggers ${args}`);

/** What systemd was asked for since the last time. */
function asked(c: Case): string[] {
  const file = path.join(c.lab.dir, "systemd");
  const lines = fs.existsSync(file) ? fs.readFileSync(file, "utf8").trimEnd().split("\n") : [];
  fs.rmSync(file, { force: true });
  return lines.filter((line) => !line.includes("daemon-reload"));
}

/** As the client on the LAN sees what the copy's tsproxy publishes; the address that the server saw. */
async function publishAndFetch(c: Case, copy: MachineCopy): Promise<string> {
  const log = path.join(c.lab.dir, "log");
  fs.rmSync(log, { force: true });
  await copy.run(`TSPROXY_RUN_DIR=/mnt/run tsproxy -p 8999:${ADDR.c1}:8080 >/mnt/log 2>&1 & echo $! >/mnt/pid`);
  await eventually("ready", () => /^ready$/m.test(fs.readFileSync(log, "utf8")), 10_000);
  const { peer } = await curl(c.lab, c.client, `${ADDR.host}:8999`);
  const pid = fs.readFileSync(path.join(c.lab.dir, "pid"), "utf8").trim();
  await copy.run(`kill ${pid}; while [ -e /proc/${pid}/exe ]; do sleep 0.05; done`); // a zombie has none
  return peer;
}

const installDeb = (copy: MachineCopy, version: string): Promise<string> => dpkg(copy, `-i /mnt/tsproxy_${version}_${ARCH}.deb`);

describe("dpkg -i", () => {
  onTsproxy("installs what publishes, and starts nothing by itself", "kernel", async (c) => {
    await serve(c.lab, c.c1, "http", 8080);
    const copy = await machine(c);
    await installDeb(copy, VERSION);
    expect(asked(c)).toEqual([]);
    const said = await copy.run("tsproxy --version && tsproxy-docker-proxy --version");
    expect(said).toContain(`tsproxy ${VERSION}, commit`);
    expect(said).toContain("/usr/lib/tsproxy/native/prebuilt/");
    expect(said).toContain(`version ${VERSION}\n`);
    expect(await copy.run("man -w tsproxy tsproxy-docker-proxy")).toBe("/usr/share/man/man1/tsproxy.1.gz\n".repeat(2));
    expect(await copy.run("tsproxy install")).toMatch(
      /^the package has brought \/usr\/lib\/systemd\/system\/tsproxy\.socket and [\s\S]*"\/usr\/bin\/tsproxy-docker-proxy"/,
    );
    await copy.run("systemd-analyze verify /usr/lib/systemd/system/tsproxy.service /usr/lib/systemd/system/tsproxy.socket");
    expect(await publishAndFetch(c, copy)).toMatch(/^192\.0\.2\.10:/);
  });

  onTsproxy("upgrades, restarts a daemon that runs, and goes on publishing", "kernel", async (c) => {
    await serve(c.lab, c.c1, "http", 8080);
    const copy = await machine(c);
    await installDeb(copy, VERSION);
    await installDeb(copy, NEXT);
    expect(asked(c)).toEqual(["deb-systemd-invoke try-restart tsproxy.service"]);
    expect(await copy.run("tsproxy --version")).toContain(`tsproxy ${NEXT}, commit`);
    expect(await publishAndFetch(c, copy)).toMatch(/^192\.0\.2\.10:/);
  });

  onTsproxy("leaves what it remembers when it is removed, and nothing when it is purged", "kernel", async (c) => {
    const copy = await machine(c);
    await copy.run("rm -rf /var/lib/tsproxy"); // the machine's own
    const before = await copy.changes();
    await installDeb(copy, VERSION);
    await copy.run("mkdir -p /var/lib/tsproxy && echo '{}' >/var/lib/tsproxy/networks.json");
    await dpkg(copy, "--remove tsproxy");
    const state = "/var/lib/tsproxy";
    const left = (await copy.changes()).filter((file) => !before.includes(file) && file !== state);
    expect(left).toEqual([`${state}/networks.json`]);
    expect(asked(c)).toEqual([
      "deb-systemd-invoke stop tsproxy.socket tsproxy.service",
      "systemctl --quiet disable tsproxy.socket tsproxy.service",
    ]);
    await dpkg(copy, "--purge tsproxy");
    expect(await copy.changes()).toEqual(before);
    expect((await copy.attempt("dpkg -s tsproxy")).code).not.toBe(0);
  });

  onTsproxy("refuses Debian 12's own nodejs", "kernel", async (c) => {
    const copy = await machine(c);
    await copy.run("sed -i '/^Package: nodejs$/,/^$/s/^Version: .*/Version: 18.20.4+dfsg-1/' /var/lib/dpkg/status");
    const { code, output } = await copy.attempt(`dpkg --force-unsafe-io --no-triggers -i /mnt/tsproxy_${VERSION}_${ARCH}.deb`);
    expect(code).not.toBe(0);
    expect(output).toContain("tsproxy depends on nodejs (>= 20); however:");
  });
});
