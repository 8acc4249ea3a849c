/** Nodes of a cluster on the store in memory: who gets what, and what happens when the store or a node is away. */
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { Cluster } from "../../src/cluster/cluster.js";
import { Fence } from "../../src/cluster/fence.js";
import { Holdings } from "../../src/cluster/holdings.js";
import { Keys } from "../../src/cluster/keys.js";
import type { GlobalNetworkRequest } from "../../src/cluster/network-plan.js";
import { networkText } from "../../src/cluster/records.js";
import { formatIp, formatPrefix } from "../../src/wire/ip-address.js";
import { perFamily } from "../../src/wire/per-family.js";
import { ip, subnet } from "../support/ip.js";
import { eventually } from "../support/proc.js";
import { addressOf, asked, claim, make, makeStoreAnew, node, open, said, seenBy, store, useNodes } from "./nodes.js";

const TTL = 10;
useNodes({ ttlSec: TTL });

describe("a cluster", () => {
  it("knows on every node what one has made: networks with VNI and subnet, endpoints with address, MAC and node", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const shop = await make(a, "shop");
    const web = await claim(a, shop, "web");
    expect([shop.overlay, formatPrefix(shop.subnets.ipv4!.prefix)]).toEqual([{ vni: 4096 }, "10.0.0.0/24"]);
    expect(web).toMatchObject({ node: "a", mac: "02:42:0a:00:00:02", tunnel: { ipv4: ip("192.0.2.1") } });
    const db = await claim(b, shop, "db");
    expect([addressOf(web), addressOf(db)]).toEqual(["10.0.0.2", "10.0.0.3"]);
    await eventually("all is seen", () => seenBy(a, shop).length === 2);
    expect(seenBy(a, shop)).toEqual(["db 10.0.0.3 b", "web 10.0.0.2 a"]);
    expect(b.cluster.view.networkNamed("shop")).toEqual(shop);
    await a.cluster.rename(web.id, ["www"]);
    await a.cluster.release(web.id);
    await b.cluster.release(db.id);
    expect(seenBy(b, shop)).toEqual([]);
    await b.cluster.networks.remove(shop.id);
    await eventually("it is gone", () => a.cluster.view.networks.size === 0);
  });

  it("gives networks that many nodes make at once different VNIs and subnets, and a name to one", async () => {
    const nodes = await Promise.all(Array.from({ length: 10 }, (_, i) => node(`n${i}`)));
    const made = await Promise.all(nodes.flatMap((each, i) => [make(each, `x${i}`), make(each, `y${i}`)]));
    const same = await Promise.allSettled(nodes.map((each) => make(each, "same")));
    expect(same.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    expect(new Set(made.map(({ overlay }) => overlay!.vni)).size).toBe(20);
    expect(new Set(made.map(({ subnets }) => formatPrefix(subnets.ipv4!.prefix))).size).toBe(20);
  });

  it("gives one address to one of two that ask in the same instant, 10,000 times", async () => {
    const keys = new Keys("c");
    const sides = [store.connect(), store.connect()].map((client) => new Holdings(client, keys));
    await store.connect().transact({ when: [], change: [{ put: keys.network("n".repeat(12)), value: "" }] });
    const lease = store.grant(TTL);
    const fence = new Fence(store.connect(), keys.fence("x"), Math.random);
    await fence.raise();
    const wins = [0, 0];
    for (let i = 0; i < 10_000; i++) {
      const address = ip(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`);
      const outcomes = await Promise.all(
        [i % 2, 1 - (i % 2)].map((side) => {
          const endpoint = { id: `${side}`.repeat(12), network: "n".repeat(12), node: `${side}`, tunnel: {}, addresses: { ipv4: address }, mac: "", owner: "", names: [] }; // biome-ignore format: short
          return sides[side]!.take(endpoint, lease, fence, []).then(({ outcome }) => ({ side, outcome }));
        }),
      );
      const winners = outcomes.filter(({ outcome }) => outcome === "held");
      if (winners.length !== 1) throw new Error(`${formatIp(address)}: ${JSON.stringify(outcomes)}`);
      wins[winners[0]!.side]!++;
    }
    expect(wins).toEqual([5000, 5000]);
    expect(new Set(store.list(keys.heldAll).entries.map(({ key }) => key)).size).toBe(10_000);
  });

  it("gives endpoints that ten nodes start at once different addresses, until none is left", async () => {
    const nodes = await Promise.all(Array.from({ length: 10 }, (_, i) => node(`n${i}`)));
    const small = await make(nodes[0]!, "small", { subnets: { ipv4: subnet("10.9.0.0/26") } });
    await Promise.all(nodes.map(({ cluster }) => cluster.sync()));
    const all = await Promise.all(nodes.flatMap((each) => Array.from({ length: 6 }, (_, i) => claim(each, small, `e${i}`))));
    expect(new Set(all.map(addressOf)).size).toBe(60);
    await claim(nodes[3]!, small, "last");
    await expect(claim(nodes[4]!, small, "none")).rejects.toMatchObject({
      code: "TSP_ERR_ENDPOINT",
      message: "no address is left in 10.9.0.0/26",
    });
  });

  it("refuses a name, a VNI, a subnet and an address that are another's, and a subnet that cuts off a node", async () => {
    const [a, b] = [await node("a"), await node("b", { at: "198.51.100.7" })];
    const shop = await make(a, "shop", { vni: 77, subnets: { ipv4: subnet("10.9.0.0/24") } });
    await claim(a, shop, "web", "10.9.0.8");
    await b.cluster.sync();
    const refused = (change: Partial<GlobalNetworkRequest>) => expect(make(b, "other", change)).rejects;
    await expect(make(b, "shop")).rejects.toMatchObject({ kind: "conflict", message: "network with name shop already exists" });
    await refused({ vni: 77 }).toMatchObject({ kind: "conflict", message: "VNI 77 is that of network shop" });
    await refused({ subnets: { ipv4: subnet("10.0.0.0/8") } }).toMatchObject({
      kind: "conflict",
      message: expect.stringContaining("network shop"),
    });
    await refused({ subnets: { ipv4: subnet("198.51.100.0/24") } }).toMatchObject({ message: expect.stringContaining("node b") });
    await expect(b.cluster.networks.create(asked("other"), () => "a route")).rejects.toMatchObject({
      message: expect.stringContaining("fully subnetted"),
    });
    await expect(claim(b, shop, "db", "10.9.0.8")).rejects.toMatchObject({
      code: "TSP_ERR_ENDPOINT",
      kind: "conflict",
      message: "address 10.9.0.8 is that of endpoint web",
    });
    await expect(b.cluster.networks.remove(shop.id)).rejects.toMatchObject({
      kind: "conflict",
      message: expect.stringContaining("on node a"),
    });
    expect(b.cluster.view.networks.size).toBe(1);
  });

  it("refuses a node whose name another has, and takes back one that was killed", async () => {
    const a = await node("a", { at: "192.0.2.9" });
    await expect(node("a", { instance: "another" })).rejects.toMatchObject({
      code: "TSP_ERR_STORE",
      kind: "conflict",
      message: expect.stringContaining("192.0.2.9"),
    });
    a.client.close(); // by SIGKILL: nothing is given back
    const again = await node("a", { instance: "a", at: "192.0.2.10" });
    await eventually("its new address", () => again.cluster.view.nodes.get("a")?.tunnel.ipv4?.value === ip("192.0.2.10").value);
  });
});

describe("a cluster whose store is away", () => {
  it("keeps what it knows, refuses what is new, and changes nothing; then goes on", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const shop = await make(a, "shop");
    const web = await claim(a, shop, "web");
    await b.cluster.sync();
    const before = store.revision;
    a.client.unreachable = true;
    const unreachable = { code: "TSP_ERR_STORE", kind: "unavailable", message: expect.stringContaining("unreachable") };
    await expect(claim(a, shop, "db")).rejects.toMatchObject(unreachable);
    await expect(make(a, "more")).rejects.toMatchObject(unreachable);
    await expect(a.cluster.networks.remove(shop.id)).rejects.toMatchObject(unreachable);
    await a.cluster.release(web.id); // it ended: that cannot be refused
    expect(seenBy(a, shop)).toEqual(["web 10.0.0.2 a"]);
    expect(store.revision).toBeLessThan(before + 3); // nothing but the other's beacon
    a.client.unreachable = false;
    store.cut(a.client);
    await eventually("it is given back", () => seenBy(b, shop).length === 0);
    expect(addressOf(await claim(b, shop, "db"))).toBe("10.0.0.2");
  });

  it("asks for ten minutes no more than is good for it, says so once, and then knows what was missed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance", "Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const [a, b] = [await node("a"), await node("b")];
    const shop = await make(a, "shop");
    await claim(a, shop, "web");
    let asked = 0;
    const list = a.client.list.bind(a.client);
    a.client.list = (prefix) => {
      asked++;
      return list(prefix);
    };
    a.client.unreachable = true;
    store.cut(a.client);
    const unreachable = { code: "TSP_ERR_STORE", kind: "unavailable", message: expect.stringContaining("unreachable") };
    for (let minute = 0; minute < 10; minute++) {
      for (let second = 0; second < 60; second++) await vi.advanceTimersByTimeAsync(1000);
      await expect(claim(a, shop, "db")).rejects.toMatchObject(unreachable);
      await expect(make(a, "more")).rejects.toMatchObject(unreachable);
      expect([seenBy(a, shop), a.cluster.view.networks.size]).toEqual([["web 10.0.0.2 a"], 1]);
    }
    expect([asked > 100, asked < 420]).toEqual([true, true]); // every 1.5 to 4.5 s
    expect(said.filter((line) => line.includes("what runs goes on as it was"))).toHaveLength(1);
    await make(b, "missed");
    const db = await claim(b, shop, "db");
    a.client.unreachable = false;
    await vi.advanceTimersByTimeAsync(5000);
    expect([seenBy(a, shop), a.cluster.view.networkNamed("missed") !== undefined, addressOf(db)]).toEqual([["db 10.0.0.3 b", "web 10.0.0.2 a"], true, "10.0.0.3"]); // biome-ignore format: one thing
  });

  it("says once that its node cannot be made known, though the reason is another one each time", async () => {
    const { client } = await node("a");
    let tries = 0;
    client.unreachable = true;
    Object.defineProperty(client, "reason", { get: () => `try ${tries++}` });
    await eventually("it has tried for a while", () => tries > 6);
    expect(said.filter((line) => line.includes("node a cannot be made known: store unreachable (try "))).toHaveLength(1);
  });

  it("makes nothing late: what a store that hung is asked, and gets when all was told to have failed, is not there afterwards", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const shop = await make(a, "shop");
    const before = store.list(new Keys("c").map).entries.map(({ key }) => key);
    a.client.hanging = true;
    await expect(claim(a, shop, "web")).rejects.toMatchObject({ kind: "unavailable" });
    await expect(make(a, "late")).rejects.toMatchObject({ kind: "unavailable" });
    a.client.deliver(); // before the fence is raised
    expect(store.list(new Keys("c").heldAll).entries).toHaveLength(1);
    a.client.hanging = false;
    await eventually("it is undone", () => store.list(new Keys("c").heldAll).entries.length === 0);
    a.client.hanging = true;
    await expect(claim(a, shop, "web")).rejects.toMatchObject({ kind: "unavailable" });
    a.client.hanging = false;
    await eventually("the fence is raised", () => claim(a, shop, "next").catch(() => undefined));
    a.client.deliver(); // after
    await a.cluster.sync();
    await b.cluster.sync();
    expect(seenBy(b, shop)).toEqual(["next 10.0.0.2 a"]);
    expect(store.list(new Keys("c").heldAll).entries).toHaveLength(1);
    expect(store.list(new Keys("c").map).entries.map(({ key }) => key).filter((key) => !key.includes("/endpoints/") && !key.endsWith("beacon")).sort()).toEqual(before.filter((key) => !key.endsWith("beacon")).sort()); // biome-ignore format: one thing
  });

  it("starts without it, and is known when it comes", async () => {
    const late = store.connect();
    late.unreachable = true;
    const cluster = new Cluster(late, {
      cluster: "c",
      self: { name: "late", instance: "l", tunnel: perFamily([ip("192.0.2.7")]) },
      ttlSec: 1,
    });
    open.push(cluster);
    const started = cluster.start();
    const b = await node("b");
    late.unreachable = false;
    await started;
    await eventually("it is known", () => b.cluster.view.nodes.has("late"));
  });

  it("notices a watch that fell silent, and learns what was missed", async () => {
    const [a, b] = [await node("a"), await node("b")];
    await make(a, "before");
    await b.cluster.sync();
    b.client.silent = true;
    await make(a, "missed");
    await a.cluster.networks.remove(a.cluster.view.networkNamed("before")!.id);
    expect([...b.cluster.view.networks.values()].map(({ name }) => name)).toEqual(["before"]);
    await eventually("the watch is given up", () => said.some((line) => line.includes("the watch ended")));
    b.client.silent = false;
    await eventually(
      "it was listed again",
      () => b.cluster.view.networkNamed("missed") !== undefined && b.cluster.view.networks.size === 1,
    );
  });

  it("lists again and compares after a compaction, and tells the difference as changes", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const kept = await make(a, "kept");
    const gone = await make(a, "gone");
    await b.cluster.sync();
    const told: string[] = [];
    b.cluster.view.onChange(
      ({ networks }) => void told.push(...networks.put.map(({ name }) => `+${name}`), ...networks.removed.map(({ name }) => `-${name}`)),
    );
    b.client.silent = true;
    await a.cluster.networks.remove(gone.id);
    await make(a, "new");
    store.compact();
    b.client.silent = false;
    store.cut(b.client);
    await eventually("the difference", () => told.length === 2);
    expect(told.sort()).toEqual(["+new", "-gone"]);
    expect(b.cluster.view.networks.get(kept.id)).toEqual(kept);
  });
});

describe("a node that is away", () => {
  it("goes with its endpoints when its lease ends, and comes back with the addresses that it had", async () => {
    const [a, b] = [await node("a"), await node("b", { ttlSec: 1 })];
    const shop = await make(a, "shop");
    await b.cluster.sync();
    await claim(b, shop, "db");
    await eventually("it is seen", () => seenBy(a, shop).length === 1);
    b.client.unreachable = true;
    store.advance(2); // a's lease is longer
    await eventually("it is gone", () => seenBy(a, shop).length === 0 && !a.cluster.view.nodes.has("b"));
    expect(addressOf(await claim(a, shop, "other"))).toBe("10.0.0.3"); // not the one that b holds
    b.client.unreachable = false;
    store.cut(b.client);
    await eventually("it is back", () => seenBy(a, shop).length === 2 && a.cluster.view.nodes.has("b"));
    expect(seenBy(a, shop)).toEqual(["db 10.0.0.2 b", "other 10.0.0.3 a"]);
  });

  it("loses an address that is asked for by name elsewhere meanwhile, and is told", async () => {
    const [a, b] = [await node("a"), await node("b", { ttlSec: 1 })];
    const shop = await make(a, "shop");
    await b.cluster.sync();
    await claim(b, shop, "db", "10.0.0.9");
    await a.cluster.sync();
    await expect(claim(a, shop, "db", "10.0.0.9")).rejects.toMatchObject({ kind: "conflict" });
    b.client.unreachable = true;
    store.advance(2);
    await a.cluster.sync();
    await claim(a, shop, "db", "10.0.0.9");
    b.client.unreachable = false;
    store.cut(b.client);
    await eventually("b is told", () => said.some((line) => line.includes("address 10.0.0.9 was given to endpoint")));
    await b.cluster.sync();
    expect([seenBy(a, shop), seenBy(b, shop)]).toEqual([["db 10.0.0.9 a"], ["db 10.0.0.9 a"]]);
  });

  it("keeps its network from being removed until it is removed itself", async () => {
    const [a, b] = [await node("a"), await node("b", { ttlSec: 1 })];
    const shop = await make(a, "shop");
    await b.cluster.sync();
    await claim(b, shop, "db");
    await expect(a.cluster.removeNode("b")).rejects.toMatchObject({ kind: "conflict", message: "node 'b' is there" });
    b.client.close();
    store.advance(2);
    await a.cluster.sync();
    await expect(a.cluster.networks.remove(shop.id)).rejects.toMatchObject({ hint: expect.stringContaining("tsproxy node rm b") });
    expect((await a.cluster.nodes()).map(({ name, tunnel, endpoints }) => [name, tunnel !== undefined, endpoints])).toEqual([["a", true, 0], ["b", false, 1]]); // biome-ignore format: short
    await a.cluster.removeNode("b");
    await a.cluster.networks.remove(shop.id);
    await expect(a.cluster.removeNode("b")).rejects.toMatchObject({ kind: "not-found" });
  });

  it("takes up after a restart what it had, gives back what ended meanwhile, and puts back what the store lost", async () => {
    const a = await node("a");
    const shop = await make(a, "shop");
    const [web, ended] = [await claim(a, shop, "web"), await claim(a, shop, "ended")];
    a.client.close();
    const b = await node("b");
    await node("a", { instance: "a", holding: [{ endpoint: web, network: shop }] });
    await eventually("one address is free", () => store.list(new Keys("c").heldAll).entries.length === 1);
    expect(addressOf(await claim(b, shop, "new", addressOf(ended)))).toBe(addressOf(ended));
    // Somebody empties the store by hand.
    const keys = store.list("/").entries.map(({ key }) => ({ remove: key }));
    store.transact({ when: [], change: keys });
    await eventually("all is there again", () => seenBy(b, shop).length === 2 && b.cluster.view.networks.size === 1);
  });

  it("finds a store that was made anew, puts back what it uses, and what others have taken meanwhile not", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const [shop, back] = [await make(a, "shop"), await make(a, "back")];
    await claim(a, shop, "web");
    await claim(a, back, "db");
    makeStoreAnew();
    const c = await node("c");
    const taken = await make(c, "back", { vni: 9, subnets: { ipv4: subnet("10.9.0.0/24") } });
    for (const { client } of [a, b]) client.moveTo(store);
    await eventually("what is used is there again", () => seenBy(b, shop).length === 1 && seenBy(c, shop).length === 1);
    await eventually("the other is named", () =>
      said.some((line) => line.includes("network back, which is used here") && line.includes("is not put back")),
    );
    const known = (): string[] => [...b.cluster.view.networks.values()].map(({ name, id }) => `${name} ${id}`).sort(); // biome-ignore format: short
    await eventually("b knows", () => known().join() === `back ${taken.id},shop ${shop.id}`);
    expect(seenBy(b, taken)).toEqual([]);
  });
});

describe("a store that others write to too", () => {
  it("has keys that are none of ours, or of a newer version, named and passed over", async () => {
    const a = await node("a");
    const shop = await make(a, "shop");
    const map = new Keys("c").map;
    const values: Record<string, string> = {
      "networks/x": "not JSON",
      [`networks/${"y".repeat(12)}`]: '{"v":99}',
      [`networks/${"z".repeat(12)}`]: '{"v":2,"id":"zzzzzzzzzzzz","subnets":{}}',
      [`networks/${"w".repeat(12)}`]: JSON.stringify({ ...JSON.parse(networkText(shop)), id: "w".repeat(12), lan: { parent: "eth0" } }),
      "nodes/n": '{"name":"n"}',
      [`endpoints/${shop.id}/${"e".repeat(12)}`]: '{"v":1,"id":"eeeeeeeeeeee"}',
      "something/else": "1",
    };
    store.transact({ when: [], change: Object.entries(values).map(([key, value]) => ({ put: map + key, value })) });
    await a.cluster.sync();
    for (const key of Object.keys(values)) expect(said.filter((line) => line.includes(`${map}${key} is passed over`))).toHaveLength(1);
    expect(said.join("\n")).toContain("a newer version of tsproxy wrote it (format 99");
    expect([a.cluster.view.networks.size, a.cluster.view.nodes.size, seenBy(a, shop)]).toEqual([1, 1, []]);
    await make(a, "more");
  });
});
