import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { installCni, installNetavark } from "../../../src/cli/commands/install-cni.js";
import { parseConfig } from "../../../src/cni/config.js";
import { cniFile } from "../../../src/sys/native-files.js";

/** A folder that is the root; what was said. */
function root(): { dir: string; said: string[]; write: (part: string) => void } {
  const dir = mkdtempSync(path.join(tmpdir(), "tsp-install-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const said: string[] = [];
  return { dir, said, write: (part) => said.push(part) };
}

describe.skipIf(cniFile() === null)("install cni", () => {
  it("puts the plugin and a configuration that it takes where runtimes look, as often as one likes, and takes them away", () => {
    const { dir, said, write } = root();
    const [plugin, file] = [path.join(dir, "opt/cni/bin/tsproxy-cni"), path.join(dir, "etc/cni/net.d/10-tsproxy.conflist")];
    for (let i = 0; i < 2; i++) installCni({ prefix: dir }, write);
    expect(statSync(plugin).mode & 0o111).toBe(0o111);
    const { name, cniVersion, plugins } = JSON.parse(readFileSync(file, "utf8"));
    expect(parseConfig(JSON.stringify({ name, cniVersion, ...plugins[0] }))).toMatchObject({ name: "tsproxy", ipam: undefined });
    expect(plugins[0]).toMatchObject({ type: "tsproxy-cni", capabilities: { portMappings: true, bandwidth: true } });
    expect(said.at(-1)).toContain("podman run --network tsproxy");
    for (let i = 0; i < 2; i++) installCni({ prefix: dir, remove: true }, write);
    expect([existsSync(plugin), existsSync(file)]).toEqual([false, false]);
    expect(said.slice(-2)).toEqual([`removed ${plugin} and ${file}\n`, "nothing to be removed\n"]);
  });

  it("leaves a configuration as it is that somebody has changed, and removes none that is not its own", () => {
    const { dir, said, write } = root();
    const file = path.join(dir, "etc/cni/net.d/10-tsproxy.conflist");
    installCni({ prefix: dir }, write);
    writeFileSync(file, '{"name":"mine","plugins":[{"type":"bridge"}]}');
    installCni({ prefix: dir }, write);
    expect(said.at(-1)).toContain(`left ${file} as it is`);
    installCni({ prefix: dir, remove: true }, write);
    expect(readFileSync(file, "utf8")).toContain("mine");
  });
});

it.skipIf(cniFile() === null)("install netavark puts the plugin under its driver's name, and takes it away", () => {
  const { dir, said, write } = root();
  const plugin = path.join(dir, "usr/local/lib/netavark/tsproxy");
  installNetavark({ prefix: dir }, write);
  const { api_version: version } = JSON.parse(execFileSync(plugin, { encoding: "utf8" }));
  expect([version, said.at(-1)]).toEqual(["1.0.0", expect.stringContaining("podman network create -d tsproxy")]);
  installNetavark({ prefix: dir, remove: true }, write);
  expect(existsSync(plugin)).toBe(false);
});
