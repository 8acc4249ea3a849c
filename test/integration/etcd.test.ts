/** The store's contract, with a real etcd; and what only a real one can do wrong. All on loopback. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseStore } from "../../src/cluster/etcd-options.js";
import { EtcdStore } from "../../src/cluster/etcd-store.js";
import { storeContract } from "../cluster/store.contract.js";
import { Etcd, etcdObstacle, HangingProxy } from "../support/etcd.js";
import { sleep } from "../support/proc.js";

const obstacle = etcdObstacle();

describe.skipIf(obstacle !== undefined)(`etcd as a store${obstacle === undefined ? "" : `: ${obstacle}`}`, () => {
  let etcd: Etcd;
  const stores: EtcdStore[] = [];

  beforeAll(async () => {
    etcd = await Etcd.start();
  });
  afterAll(async () => {
    for (const store of stores) store.close();
    await etcd?.close();
  });

  function connect(hosts = etcd.hosts): EtcdStore {
    const store = new EtcdStore(parseStore({ store: `etcd://${hosts}` }).etcd);
    stores.push(store);
    return store;
  }

  storeContract(() => ({
    connect,
    compact: () => etcd.compact(),
    advance: (seconds) => sleep(seconds * 1000),
    minTtlSec: 1,
  }));

  it("is known to be one that will do", async () => {
    await connect().check();
  });

  it("is asked at another address when one refuses, hangs or is something else, within two seconds", async () => {
    const proxy = await HangingProxy.start(etcd.port());
    try {
      const hung = connect(`127.0.0.1:${proxy.port},${etcd.hosts}`);
      await hung.list("/tsproxy/");
      proxy.hang();
      const before = performance.now();
      await hung.list("/tsproxy/");
      expect(performance.now() - before).toBeLessThan(2000);
      await connect(`127.0.0.1:1,${etcd.hosts}`).list("/tsproxy/");
    } finally {
      proxy.close();
    }
  });

  it("is said to be unreachable where nobody answers, or something that is no etcd", async () => {
    const other = http.createServer((_, response) => void response.writeHead(404).end("no such page"));
    await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
    const something = connect(`127.0.0.1:${(other.address() as AddressInfo).port}`);
    await expect(something.check()).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("no etcd of version 3.4"),
    });
    other.closeAllConnections();
    other.close();
    const nobody = connect("127.0.0.1:1");
    await expect(nobody.list("/")).rejects.toMatchObject({
      code: "TSP_ERR_STORE",
      kind: "unavailable",
      message: expect.stringContaining("ECONNREFUSED"),
    });
  });

  it("wants a user when it does, and the right password", async () => {
    await etcd.call("/v3/auth/user/add", { name: "root", password: "secret" });
    await etcd.call("/v3/auth/role/add", { name: "root" });
    await etcd.call("/v3/auth/user/grant", { user: "root", role: "root" });
    await etcd.call("/v3/auth/enable", {});
    const as = (password: string): EtcdStore => {
      const store = new EtcdStore({ ...parseStore({ store: `etcd://${etcd.hosts}` }).etcd, user: { name: "root", password } });
      stores.push(store);
      return store;
    };
    try {
      await expect(connect().check()).rejects.toMatchObject({ kind: "permission", hint: expect.stringContaining("--store-user") });
      await expect(as("wrong").check()).rejects.toMatchObject({
        kind: "permission",
        message: expect.stringContaining("refuses user 'root'"),
      });
      const store = as("secret");
      await store.check();
      expect((await store.transact({ when: [], change: [{ put: "/tsproxy/auth", value: "1" }] })).done).toBe(true);
    } finally {
      const { token } = await etcd.call("/v3/auth/authenticate", { name: "root", password: "secret" });
      await etcd.call("/v3/auth/disable", {}, token as string);
    }
  });
});
