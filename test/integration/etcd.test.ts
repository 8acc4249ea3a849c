/** The store's contract, with a real etcd; and what only a real one can do wrong. All on loopback. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Cluster } from "../../src/cluster/cluster.js";
import { parseStore } from "../../src/cluster/etcd-options.js";
import { EtcdStore } from "../../src/cluster/etcd-store.js";
import { perFamily } from "../../src/wire/per-family.js";
import { storeContract } from "../cluster/store.contract.js";
import { base64, Etcd, etcdObstacle, HangingProxy } from "../support/etcd.js";
import { ip } from "../support/ip.js";
import { eventually, sleep } from "../support/proc.js";

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
    // One of a cluster alone, who must not see others, and one without rights.
    for (const name of ["blue", "none"]) {
      await etcd.call("/v3/auth/user/add", { name, password: "secret" });
      await etcd.call("/v3/auth/role/add", { name });
      await etcd.call("/v3/auth/user/grant", { user: name, role: name });
    }
    const perm = { permType: "READWRITE", key: base64("/tsproxy/blue/"), range_end: base64("/tsproxy/blue0") };
    await etcd.call("/v3/auth/role/grant", { name: "blue", perm });
    await etcd.call("/v3/auth/enable", {});
    const as = (password: string, name = "root"): EtcdStore => {
      const store = new EtcdStore({ ...parseStore({ store: `etcd://${etcd.hosts}` }).etcd, user: { name, password } });
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
      const blue = as("secret", "blue");
      await blue.check("blue");
      const notLet = { code: "TSP_ERR_STORE", kind: "permission", hint: expect.stringContaining("grant its role read and write") };
      await expect(blue.check("green")).rejects.toMatchObject(notLet);
      await expect(as("secret", "none").check("blue")).rejects.toMatchObject(notLet);
      const self = { name: "n", instance: "n", tunnel: perFamily([ip("192.0.2.1")]) };
      const node = new Cluster(blue, { cluster: "blue", self, ttlSec: 2 });
      await node.start();
      await eventually("it is in the cluster", () => node.view.nodes.has("n"));
      // A restart of etcd forgets its tokens, and ends the watch.
      await etcd.signalMember(0, "SIGKILL");
      etcd.startMember(0);
      await eventually("etcd is back", () => store.list("/tsproxy/").catch(() => undefined), 10_000);
      await eventually("the node goes on", () => node.sync().then(() => true, () => undefined), 10_000); // biome-ignore format: short
      await node.close();
    } finally {
      const { token } = await etcd.call("/v3/auth/authenticate", { name: "root", password: "secret" });
      await etcd.call("/v3/auth/disable", {}, token as string);
    }
  });
});
