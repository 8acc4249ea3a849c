import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { installCni } from "../../../src/cli/commands/install-cni.js";
import { parseConfig } from "../../../src/cni/config.js";
import { cniFile } from "../../../src/sys/native-files.js";

it.skipIf(cniFile() === null)("puts the plugin and a configuration that it takes where runtimes look, as often as one likes", () => {
  const dir = mkdtempSync(path.join(tmpdir(), "tsp-install-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  let text = "";
  for (let i = 0; i < 2; i++)
    installCni(dir, (part) => {
      text = part;
    });
  expect(statSync(path.join(dir, "opt/cni/bin/tsproxy-cni")).mode & 0o111).toBe(0o111);
  const { name, cniVersion, plugins } = JSON.parse(readFileSync(path.join(dir, "etc/cni/net.d/10-tsproxy.conflist"), "utf8"));
  expect(parseConfig(JSON.stringify({ name, cniVersion, ...plugins[0] }))).toMatchObject({ name: "tsproxy", ipam: undefined });
  expect(plugins[0].type).toBe("tsproxy-cni");
  expect(text).toContain("podman run --network tsproxy");
});
