import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { adoptFormerState } from "../../src/docker/former-state.js";
import { FileStore } from "../../src/model/file-store.js";
import { ip, subnet } from "../support/ip.js";

/** As version 0.1.0 wrote it. */
const FORMER = {
  version: 1,
  bootId: "another",
  pid: 7,
  networks: [
    {
      id: "a".repeat(64),
      subnet: "172.18.0.0/16",
      gateway: "172.18.0.1",
      options: { internal: false, icc: true, masquerade: true, hostBinding: "0.0.0.0", interfacePrefix: "eth" },
    },
  ],
  endpoints: [],
};

const NETWORKS = [
  {
    id: "a".repeat(64),
    subnets: { ipv4: subnet("172.18.0.0/16") },
    options: { ...FORMER.networks[0]!.options, hostBinding: ip("0.0.0.0") },
  },
];

function folder(): string {
  const dir = mkdtempSync(path.join(tmpdir(), "tsp-state-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  return dir;
}

it("the state of version 0.1.0 is taken over once", async () => {
  const dir = folder();
  const store = new FileStore(dir);
  writeFileSync(path.join(dir, "docker.json"), JSON.stringify(FORMER));
  adoptFormerState(store.file);
  expect((await store.load()).networks).toEqual(NETWORKS);
  expect(readdirSync(dir)).toEqual(["networks.json"]);
  adoptFormerState(store.file);
});

it("the state of version 0.1.0 does not replace a newer one, and need not be there", () => {
  const dir = folder();
  const file = path.join(dir, "networks.json");
  adoptFormerState(file);
  expect(existsSync(file)).toBe(false);
  writeFileSync(file, "new");
  writeFileSync(path.join(dir, "docker.json"), "old");
  adoptFormerState(file);
  expect(readFileSync(file, "utf8")).toBe("new");
});
