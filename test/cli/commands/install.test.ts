import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { install } from "../../../src/cli/commands/install.js";

function run(prefix: string, remove = false): string {
  let text = "";
  install({ prefix, remove }, (part) => {
    text += part;
  });
  return text;
}

function folder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), "tsp-install-"));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

it("writes units that start this copy and serve the socket that dockerd asks, before dockerd", () => {
  const dir = folder();
  const text = run(dir);
  const unit = (name: string): string => readFileSync(path.join(dir, "etc/systemd/system", name), "utf8");
  expect(unit("tsproxy.service")).toMatch(/^ExecStart=\/\S+ \/\S+\/dist\/cli\/main\.js daemon$/m);
  expect(unit("tsproxy.service")).toContain("Requires=tsproxy.socket");
  for (const name of ["tsproxy.service", "tsproxy.socket"]) expect(unit(name)).toContain("Before=docker.service");
  expect(unit("tsproxy.socket")).toMatch(/^ListenStream=\/run\/docker\/plugins\/tsproxy\.sock$/m);
  expect(unit("tsproxy.socket")).toMatch(/^SocketMode=0600$/m);
  expect(text).toMatch(/"userland-proxy-path": "\/\S+\/tsproxy-docker-proxy"/);
  expect(run(dir, true)).toMatch(/^removed \S+tsproxy.socket and \S+tsproxy.service;/);
  expect(run(dir, true)).toBe("nothing to be removed\n");
  expect(text).toContain("systemctl enable --now tsproxy.socket tsproxy.service");
});

it("says where it cannot write", () => {
  const file = path.join(folder(), "file");
  writeFileSync(file, "");
  expect(() => run(file)).toThrow(expect.objectContaining({ code: "TSP_ERR_INSTALL", message: expect.stringContaining(file) }));
});

it("refuses an empty prefix, which would be the machine's own folders", () => {
  expect(() => run("")).toThrow(/--prefix '' names no folder/);
});
