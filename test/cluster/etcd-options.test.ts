import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseStore, type RawStore } from "../../src/cluster/etcd-options.js";

const parse = (store: string, more: Partial<RawStore> = {}) => parseStore({ store, ...more });

function file(content: string): string {
  const dir = mkdtempSync(path.join(tmpdir(), "tsp-store-"));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(path.join(dir, "file"), content);
  return path.join(dir, "file");
}

describe("the address of a store", () => {
  it("names hosts, ports and a cluster", () => {
    expect(parse("etcd://a.example:1,10.0.0.2,[fd00::1]:3/shop.eu-1")).toEqual({
      etcd: {
        endpoints: [
          { host: "a.example", port: 1 },
          { host: "10.0.0.2", port: 2379 },
          { host: "fd00::1", port: 3 },
        ],
        tls: undefined,
        user: undefined,
      },
      cluster: "shop.eu-1",
    });
    expect(parse("etcd://localhost:2379/").cluster).toBe("default");
  });

  it("is refused, with how it is to be, when it is none", () => {
    const wrong = [
      "",
      "10.0.0.1:2379",
      "http://10.0.0.1:2379",
      "etcd://",
      "etcd://a,",
      "etcd://a:0",
      "etcd://a:65536",
      "etcd://a:b",
      "etcd://1.2.3",
    ];
    const more = ["etcd://fd00::1", "etcd://[10.0.0.1]", "etcd://a/b/c", "etcd://a/ b", "etcd://-a", "etcd://a b", "etcd://a/..%2f"];
    for (const text of [...wrong, ...more]) expect(() => parse(text), text).toThrow(expect.objectContaining({ code: "TSP_ERR_OPTION" }));
    expect(() => parse("etcd://root:secret@a")).toThrow(expect.objectContaining({ message: expect.not.stringContaining("secret") }));
  });

  it("is used by TLS when it says so, or an authority or certificate is named, whose files must be what they are said to be", () => {
    expect(parse("etcds://a").etcd.tls).toEqual({});
    const no = "/nosuch/file";
    expect(() => parse("etcd://a", { storeCa: no })).toThrow(`--store-ca '${no}': it cannot be read (ENOENT)`);
    expect(() => parse("etcd://a", { storeCert: no })).toThrow("--store-cert and --store-key go together");
    expect(() => parse("etcd://a", { storeCert: file("no"), storeKey: file("no") })).toThrow("--store-ca, --store-cert, --store-key: ");
  });

  it("takes a user with a password from a file, and neither without the other", () => {
    const password = file("secret\n");
    expect(parse("etcd://a", { storeUser: "me", storePasswordFile: password }).etcd.user).toEqual({ name: "me", password: "secret" });
    expect(() => parse("etcd://a", { storeUser: "me" })).toThrow("--store-user me: there is no password");
    expect(() => parse("etcd://a", { storePasswordFile: password })).toThrow("--store-password-file: whose?");
  });
});
