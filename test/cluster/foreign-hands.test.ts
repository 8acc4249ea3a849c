/**
 * What somebody else's hand does to what a node has put in the store: a key is removed or written over, a second daemon has the same state folder, an
 * address was given away. On the store in memory.
 */
import { describe, expect, it } from "vitest";
import { Keys } from "../../src/cluster/keys.js";
import { nodeText } from "../../src/cluster/records.js";
import { formatIp } from "../../src/wire/ip-address.js";
import { perFamily } from "../../src/wire/per-family.js";
import { ip } from "../support/ip.js";
import { eventually, sleep } from "../support/proc.js";
import { claim, make, node, said, seenBy, store, useNodes } from "./nodes.js";

const keys = new Keys("c");
useNodes({ ttlSec: 1 });

const write = (key: string, value: string): Promise<unknown> => store.connect().transact({ when: [], change: [{ put: key, value }] });
const remove = (key: string): Promise<unknown> => store.connect().transact({ when: [], change: [{ remove: key }] });
const textOf = (key: string): string | undefined => store.list(key).entries.find((entry) => entry.key === key)?.value;

describe("a key of a node's that somebody else removes or writes over", () => {
  it("is put again: its name, an endpoint, and a network that it is in", async () => {
    const [a, b] = [await node("a", { ttlSec: 3600 }), await node("b", { ttlSec: 3600 })]; // so that no lease's turn comes
    const shop = await make(a, "shop");
    const web = await claim(a, shop, "web");
    const all = [keys.node("a"), keys.network(shop.id), keys.endpoint(shop.id, web.id)];
    const before = all.map(textOf);
    const isAsBefore = (): boolean => all.every((key, i) => textOf(key) === before[i]) && seenBy(b, shop).join() === "web 10.0.0.2 a";
    await b.cluster.sync();
    for (const key of all) {
      await remove(key);
      await eventually(`${key}, removed`, isAsBefore);
    }
    for (const key of [all[0]!, all[2]!]) {
      await write(key, "garbage");
      await eventually(`${key}, garbage`, isAsBefore);
    }
    await write(all[2]!, before[2]!.replace("192.0.2.1", "192.0.2.66"));
    await eventually("another place of it", isAsBefore);
    expect([...b.cluster.view.nodes.keys()].sort()).toEqual(["a", "b"]);
    const quiet = store.revision;
    await sleep(50);
    expect(store.revision - quiet).toBeLessThan(3); // nothing but beacons: it does not answer itself
  });

  it("is an address that it holds: it is looked for now and then, and put again", async () => {
    const a = await node("a", { ttlSec: 3600, heldMs: 20 });
    const shop = await make(a, "shop");
    await claim(a, shop, "web");
    const db = await claim(a, shop, "db");
    const held = ["10.0.0.2", "10.0.0.3"].map((address) => keys.held(shop.id, address));
    const before = held.map(textOf);
    await remove(held[1]!);
    await eventually("it is held again", () => textOf(held[1]!) === before[1]);
    const { revision } = store;
    await sleep(100); // five looks
    expect(store.revision - revision).toBeLessThan(4); // nothing but beacons
    // Somebody's own now: it says so once, and leaves it to him.
    await write(held[1]!, "somebody's");
    await eventually("it is told", () => a.cluster.isDisplaced(db.id));
    await sleep(100);
    expect(held.map(textOf)).toEqual([before[0], "somebody's"]);
    expect(said.filter((line) => line.includes("address 10.0.0.3 was given to somebody else"))).toHaveLength(1);
    // One that has ended is not put again.
    await a.cluster.release(db.id);
    await remove(held[1]!);
    await sleep(100);
    expect(held.map(textOf)).toEqual([before[0], undefined]);
  });

  it("is its name, and somebody else's now: it says so, takes nothing new under it, and has it again when that one is gone", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const shop = await make(a, "shop");
    await claim(a, shop, "web");
    const other = { name: "a", instance: "another", tunnel: perFamily([ip("192.0.2.66")]) };
    await write(keys.node("a"), nodeText(other, "1"));
    await eventually("a has noticed", () => said.some((line) => line.includes("there is a node 'a' already (at 192.0.2.66)")));
    await expect(claim(a, shop, "db")).rejects.toMatchObject({ code: "TSP_ERR_STORE", kind: "conflict", hint: expect.stringContaining("--node") }); // biome-ignore format: short
    await eventually("its endpoints are not told under it", () => seenBy(b, shop).length === 0);
    await remove(keys.node("a"));
    await eventually("it is back", () => seenBy(b, shop).join() === "web 10.0.0.2 a");
    expect(formatIp((await claim(a, shop, "db")).addresses.ipv4!)).toBe("10.0.0.3");
  });
});

describe("a second daemon with a copy of a node's state folder", () => {
  it("becomes the node; the first says so and does not fight for the name, until the second is gone", async () => {
    const a = await node("a");
    const shop = await make(a, "shop");
    const web = await claim(a, shop, "web");
    const copy = await node("a", { at: "192.0.2.50", holding: [{ endpoint: { ...web, tunnel: perFamily([ip("192.0.2.50")]) }, network: shop }] }); // biome-ignore format: short
    await eventually("the first has noticed", () =>
      said.some((line) => line.includes("another daemon has become node 'a' (at 192.0.2.50)")),
    );
    await expect(claim(a, shop, "db")).rejects.toMatchObject({ kind: "conflict", hint: expect.stringContaining("node-id") });
    const { traffic } = store;
    const before = traffic.writes;
    await sleep(700); // two turns of a third of the lease's time
    expect(traffic.writes - before).toBeLessThan(20); // beacons of both
    expect(said.filter((line) => line.includes("another daemon has become"))).toHaveLength(1);
    expect(copy.cluster.view.endpointsIn(shop.id).map(({ tunnel }) => formatIp(tunnel.ipv4!))).toEqual(["192.0.2.50"]);
    expect(formatIp((await claim(copy, shop, "db")).addresses.ipv4!)).toBe("10.0.0.3");
    copy.client.close();
    store.end((JSON.parse(textOf(keys.node("a"))!) as { lease: string }).lease);
    await eventually("the first is back", () => a.cluster.view.nodes.get("a")?.tunnel.ipv4?.value === ip("192.0.2.1").value);
    await eventually("with what it has", () => seenBy(a, shop).join() === "web 10.0.0.2 a");
  });
});

describe("an address that was given away while its node was gone", () => {
  it("stays the other's, which 'node rm' cannot change; it is taken back as soon as that one gives it up", async () => {
    const [a, b] = [await node("a", { ttlSec: 3600 }), await node("b")];
    const shop = await make(a, "shop");
    await b.cluster.sync();
    const [db, cache] = [await claim(b, shop, "db", "10.0.0.9"), await claim(b, shop, "cache")];
    b.client.unreachable = true;
    store.advance(2);
    await a.cluster.sync();
    await a.cluster.removeNode("b");
    const taken = await claim(a, shop, "other", "10.0.0.9");
    b.client.unreachable = false;
    store.cut(b.client);
    // Of what 'node rm' has given back it takes again what is free.
    await eventually("b is back", () => seenBy(a, shop).join() === "cache 10.0.0.2 b,other 10.0.0.9 a");
    await eventually("it is told", () => said.some((line) => line.includes("address 10.0.0.9 was given to endpoint")));
    expect([db, cache].map(({ id }) => b.cluster.isDisplaced(id))).toEqual([true, false]);
    await a.cluster.release(taken.id);
    await eventually("it has it again", () => seenBy(a, shop).join() === "cache 10.0.0.2 b,db 10.0.0.9 b");
    expect(b.cluster.isDisplaced(db.id)).toBe(false);
    expect(said.filter((line) => line.includes("was given to endpoint"))).toHaveLength(1);
  });

  it("is not taken from a node that is there, whatever is removed beside it", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const shop = await make(a, "shop");
    await b.cluster.sync();
    await claim(b, shop, "db");
    const before = textOf(keys.held(shop.id, "10.0.0.2"));
    await expect(a.cluster.removeNode("b")).rejects.toMatchObject({ kind: "conflict", message: "node 'b' is there" });
    expect([textOf(keys.held(shop.id, "10.0.0.2")), seenBy(a, shop)]).toEqual([before, ["db 10.0.0.2 b"]]);
  });
});
