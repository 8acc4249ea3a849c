/** A store that answers by TLS under a name that its certificate does not have: anybody who has one of the same authority could do that. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import https from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { parseStore } from "../../src/cluster/etcd-options.js";
import { EtcdStore } from "../../src/cluster/etcd-store.js";

const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-etcd-tls-"));
const file = (name: string): string => path.join(dir, name);
const EXTENSIONS = { names: "subjectAltName=DNS:etcd.example,IP:192.0.2.7", bare: "basicConstraints=critical,CA:TRUE" };

beforeAll(() => {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=etcd.example"];
  for (const [name, extension] of Object.entries(EXTENSIONS)) {
    const out = ["-keyout", file(`${name}.key`), "-out", file(`${name}.pem`), "-addext", extension];
    execFileSync("openssl", ["req", "-x509", ...key, ...out], { stdio: "ignore" });
  }
});
afterAll(() => fs.rmSync(dir, { recursive: true }));

it.each([
  ["127.0.0.1", "names", "DNS:etcd.example, IP:192.0.2.7"],
  ["localhost", "names", "DNS:etcd.example, IP:192.0.2.7"],
  ["127.0.0.1", "bare", "CN=etcd.example alone, which does not count"],
])("as %s, with a certificate of %s, is refused with both names, and is sent nothing", async (host, which, names) => {
  let requests = 0;
  const server = https.createServer({ key: fs.readFileSync(file(`${which}.key`)), cert: fs.readFileSync(file(`${which}.pem`)) }, () => {
    requests++;
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const store = new EtcdStore(parseStore({ store: `etcds://${host}:${port}`, storeCa: file(`${which}.pem`) }).etcd);
  onTestFinished(() => store.close());
  await expect(store.check()).rejects.toMatchObject({
    code: "TSP_ERR_STORE",
    kind: "unavailable",
    message: expect.stringContaining(`${host}:${port}: its certificate is not for '${host}', but for ${names}: name it in --store as in`),
  });
  expect(requests).toBe(0);
});
