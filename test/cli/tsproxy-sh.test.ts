import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { ROOT } from "../support/paths.js";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsproxy-sh-"));
const command = path.join(dir, "dist/cli/tsproxy");
fs.mkdirSync(path.dirname(command), { recursive: true });
fs.copyFileSync(`${ROOT}src/cli/tsproxy.sh`, command);
fs.chmodSync(command, 0o755);
fs.writeFileSync(path.join(dir, "dist/cli/main.js"), "console.log(process.env.NODE_EXTRA_CA_CERTS ?? 'none', ...process.argv.slice(2))");
afterAll(() => fs.rmSync(dir, { recursive: true }));

test.each([
  [["-p", "8999:172.17.0.4:8080"], "none -p 8999:172.17.0.4:8080\n"],
  [["--network", "10.44.0.0/24"], "none --network 10.44.0.0/24\n"],
  [["daemon", "--store", "https://etcd"], "/certs daemon --store https://etcd\n"], // which speaks TLS
  [["run", "--", "env"], "/certs run -- env\n"], // the program gets the environment
  [[], "/certs\n"],
])("`tsproxy %j` reads extra certificates only where something may need them", (args, expected) => {
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: "/certs" };
  expect(execFileSync(command, args, { env, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] })).toBe(expected);
});
