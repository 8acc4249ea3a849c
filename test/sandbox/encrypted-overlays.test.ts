/**
 * Encrypted networks of a cluster: two nodes on a store in memory, each with keys of its own and an engine that seals with them. What one endpoint sends
 * reaches the other, whatever becomes of keys, nodes and the store; and an older version understands nothing of such a network.
 */

import type { KeyObject } from "node:crypto";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Cluster } from "../../src/cluster/cluster.js";
import { type MemoryClient, MemoryCluster } from "../../src/cluster/memory-store.js";
import { networkText, nodeText, parseNetwork, parseNode } from "../../src/cluster/records.js";
import type { KeyRing, KeyRingSite } from "../../src/control/network/key-ring.js";
import { setLogSink } from "../../src/log.js";
import { chosenAddresses } from "../../src/model/addresses.js";
import { formatOf } from "../../src/model/record-json.js";
import { NetworkCatalog } from "../../src/sandbox/network-catalog.js";
import { inspectNetwork } from "../../src/sandbox/network-inspect.js";
import { Overlays } from "../../src/sandbox/overlays.js";
import { perFamily } from "../../src/wire/per-family.js";
import { ModelFixture } from "../model/model-fixture.js";
import { ip } from "../support/ip.js";
import { IP_E, IP_R, MAC_E, MAC_R, remote, TUNNEL } from "../support/overlay.js";
import * as p from "../support/packets.js";
import { eventually } from "../support/proc.js";
import { datagrams, SealedNode } from "../support/sealed-pair.js";

const id = (letter: string): string => letter.repeat(64);
const request = (letter: string, name: string) => ({ id: id(letter), use: { owner: id(letter), names: [name] }, sandbox: "/run/netns/x" });
const open: { close(): Promise<void> | void }[] = [];
let said: string[];
beforeEach(() => {
  said = [];
  setLogSink((_, message) => void said.push(message));
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  setLogSink(() => {});
});

interface Node {
  overlays: Overlays;
  catalog: NetworkCatalog;
  fixture: ModelFixture;
  client: MemoryClient;
  sealed: SealedNode;
  /** Its turn to change keys has come. */
  rekey(): void;
}

/** `as`: what the cluster knows it by. */
async function start(store: MemoryCluster, at: "a" | "b", { keys = true, workers = 1, as: name = at as string } = {}): Promise<Node> {
  const [local, mac, address] = at === "a" ? ["192.0.2.1", MAC_E, IP_E] : ["192.0.2.2", MAC_R, IP_R];
  const sealed = new SealedNode(local, mac, address, { workers });
  const { ring } = sealed;
  const client = store.connect();
  const self = { name, instance: name, tunnel: perFamily([ip(local)]) };
  const told = keys ? { publicKeys: () => ring.published, onTold: () => ring.told() } : {};
  const cluster = new Cluster(client, { cluster: "c", self, ttlSec: 10, quietMs: 100, graceMs: 100, ...told });
  const fixture = await ModelFixture.start(chosenAddresses, self.tunnel);
  const overlays = new Overlays(fixture.model, cluster, () => null, keys ? { ring, rekeySec: 3600 } : undefined);
  open.push(overlays, { close: () => ring.close() });
  await overlays.start();
  const host = { overlap: () => null, onChange: () => () => {}, addressesOn: () => [] };
  const catalog = new NetworkCatalog(fixture.model, host, () => () => null, undefined, overlays);
  return { overlays, catalog, fixture, client, sealed, rekey: () => (overlays as unknown as { keys: { rekey(): void } }).keys.rekey() };
}

/** Both are in the network, with an endpoint each, and know of each other. */
async function pair(watch: (ring: KeyRing) => void = () => {}): Promise<{ store: MemoryCluster; a: Node; b: Node }> {
  const store = new MemoryCluster();
  const a = await start(store, "a");
  await a.catalog.create({ name: "shop", driver: "overlay", encrypt: true });
  const b = await start(store, "b");
  watch(a.sealed.ring);
  watch(b.sealed.ring);
  for (const [node, letter] of [[a, "e"], [b, "f"]] as const) await node.overlays.createEndpoint((await node.catalog.use("shop")).record, request(letter, letter)); // biome-ignore format: short
  await eventually("both know each other", () => a.overlays.isKeyKnown("b") === true && b.overlays.isKeyKnown("a") === true);
  meet(a, b);
  return { store, a, b };
}

/** The engines know who is where; keys they are told by the cluster alone. */
function meet(a: Node, b: Node): void {
  a.sealed.d.say(remote(MAC_R, IP_R, b.sealed.local));
  b.sealed.d.say(remote(MAC_E, IP_E, a.sealed.local));
}

const toB = (): Uint8Array => p.frame(MAC_R, MAC_E, p.udp({ src: IP_E, dst: IP_R }, { sport: 1, dport: 2 }));
const toA = (): Uint8Array => p.frame(MAC_E, MAC_R, p.udp({ src: IP_R, dst: IP_E }, { sport: 2, dport: 1 }));
const arrives = (a: Node, b: Node): boolean =>
  b.sealed.receive(...a.sealed.send(toB())).length === 1 && a.sealed.receive(...b.sealed.send(toA())).length === 1;
const numberIn = ({ sealed }: Node, frame: Uint8Array): number => {
  const [d] = datagrams(sealed.send(frame)[0]!);
  return (d![2]! << 8) | d![3]!;
};

it("nodes find each other's keys in the store, and the network is encrypted on both, with room for it in the MTU", async () => {
  const { a, b } = await pair();
  for (const { fixture, overlays } of [a, b]) {
    expect([...fixture.specs]).toMatchObject([{ kind: "overlay", encrypted: true, mtu: 1450 - 32 }]);
    expect(overlays.networks()[0]).toMatchObject({ overlay: { encrypted: true }, about: { options: { encrypted: "" } } });
  }
  expect(arrives(a, b)).toBe(true);
  expect((await a.overlays.cluster.nodes()).map(({ name, encrypts }) => [name, encrypts])).toEqual([["a", true], ["b", true]]); // biome-ignore format: short
});

it("keys change through the store while frames go on, and none is lost; while the store is away they stay", async () => {
  const { a, b } = await pair();
  const numbers = new Set<number>();
  for (let n = 0; n < 4; n++) {
    numbers.add(numberIn(a, toB()));
    a.rekey();
    const { number } = a.sealed.ring.published.keys[0]!;
    await eventually("a uses its new key", () => {
      expect(arrives(a, b)).toBe(true);
      a.sealed.ring.settle();
      return numberIn(a, toB()) === number;
    });
  }
  expect(numbers.size).toBe(4);
  a.client.unreachable = true;
  const before = a.sealed.ring.published.keys;
  a.rekey();
  for (let n = 0; n < 3; n++) {
    a.rekey(); // nobody knows the last one yet
    a.sealed.ring.settle();
    expect(arrives(a, b)).toBe(true);
  }
  expect(a.sealed.ring.published.keys[1]).toEqual(before[0]);
  a.client.unreachable = false;
  const { number } = a.sealed.ring.published.keys[0]!;
  await eventually(
    "the store is back",
    () => {
      expect(arrives(a, b)).toBe(true);
      a.sealed.ring.settle();
      return numberIn(a, toB()) === number;
    },
    10_000,
  );
  expect([a.sealed.d.dropTotal(), b.sealed.d.dropTotal()]).toEqual([0, 0]);
});

it("a node that is cut off from the store goes on with the keys that it has, and with the new ones when it is back; nothing goes in plain text", async () => {
  const { store, a, b } = await pair();
  const sealedOnly = (): void => {
    for (const [node, frame] of [[a, toB()], [b, toA()]] as const) // biome-ignore format: short
      for (const written of node.sealed.send(frame)) expect(datagrams(written).map(([first]) => first)).toEqual([0x80]);
  };
  const former = numberIn(b, toA());
  a.client.unreachable = true;
  b.rekey();
  for (let n = 0; n < 5; n++) {
    b.rekey(); // a does not know the last one
    b.sealed.ring.settle();
    expect([arrives(a, b), numberIn(b, toA())]).toEqual([true, former]);
    sealedOnly();
  }
  // Its lease has ended: it is no node for b, which sends it nothing, rather than something that it could not open, or anybody could.
  store.end([...store.leasesOf("/nodes/a")][0]!);
  await eventually("b knows no key of a's", () => b.overlays.isKeyKnown("a") === false);
  expect(b.sealed.send(toA())).toEqual([]);
  sealedOnly();
  a.client.unreachable = false;
  await eventually("both are nodes again", () => b.overlays.isKeyKnown("a") === true, 15_000);
  const { number } = b.sealed.ring.published.keys[0]!;
  expect(number).not.toBe(former);
  await eventually("b's new key is known, and used", () => {
    expect(arrives(a, b)).toBe(true);
    b.sealed.ring.settle();
    return numberIn(b, toA()) === number;
  });
  const { "sealed-forged": forged, "sealed-replayed": replayed } = b.sealed.d.drops(TUNNEL);
  expect([forged, replayed]).toEqual([undefined, undefined]);
}, 30_000);

it("a node that was killed comes back with another key, and is understood by it", async () => {
  const { store, a, b } = await pair();
  expect(arrives(a, b)).toBe(true);
  b.client.unreachable = true; // for good: the process is gone
  const again = await start(store, "b");
  meet(a, again);
  await eventually("its new key is known", () => {
    const { number } = again.sealed.ring.published.keys[0]!;
    const [written] = a.sealed.send(toB());
    const [d] = written === undefined ? [] : datagrams(written);
    return d !== undefined && ((d[4]! << 8) | d[5]!) === number;
  });
  await again.overlays.createEndpoint((await again.catalog.use("shop")).record, request("g", "g"));
  await eventually("it knows a's", () => again.overlays.isKeyKnown("a") === true);
  expect(arrives(a, again)).toBe(true);
});

it("no secret is in the store, in the log, in the state or in what an engine tells, in whatever writing", async () => {
  const secrets: Uint8Array[] = [];
  const { store, a, b } = await pair((ring) => {
    const { site } = ring as unknown as { site: KeyRingSite };
    const { post } = site;
    (site as { post: KeyRingSite["post"] }).post = (message) => {
      if (message.type === "set-seal") secrets.push(message.bytes.slice());
      post(message);
    };
  });
  for (let n = 0; n < 2; n++) {
    a.rekey();
    expect(arrives(a, b)).toBe(true);
    await eventually("b is told", () => {
      arrives(a, b);
      a.sealed.ring.settle();
      return a.sealed.ring.canRotate;
    });
  }
  for (const { sealed } of [a, b]) {
    const { own } = sealed.ring as unknown as { own: { secret: KeyObject }[] };
    for (const { secret } of own) secrets.push(new Uint8Array(secret.export({ type: "pkcs8", format: "der" }).subarray(-32)));
  }
  expect(secrets.length).toBeGreaterThanOrEqual(8);
  const told = [a, b].flatMap(({ sealed: { d } }) => {
    for (const what of ["nodes", "summary", "flows"] as const) d.say({ type: "query", id: 0, what });
    return d.told;
  });
  const plain = (_: string, value: unknown): unknown =>
    typeof value === "bigint" ? String(value) : value instanceof Uint8Array ? Buffer.from(value).toString("hex") : value;
  const records = [a, b].flatMap(({ fixture }) => fixture.model.networks.map(({ record }) => record));
  const stored = store.list("").entries.map(({ key, value }) => `${key} ${value}`);
  const written = [...stored, ...said, JSON.stringify([told, records], plain)].join("\n");
  expect(written).toContain(Buffer.from(a.sealed.ring.published.keys[0]!.bytes).toString("hex")); // which all may know
  for (const secret of secrets) {
    const bytes = Buffer.from(secret);
    for (const text of [
      bytes.toString("hex"),
      bytes.toString("base64").slice(0, 40),
      bytes.toString("base64url").slice(0, 40),
      bytes.join(),
    ])
      expect(written.includes(text)).toBe(false);
  }
});

it("a node that comes back by another name keeps its keys when the lease of its former one ends", async () => {
  const { store, a, b } = await pair();
  b.client.unreachable = true; // for good: the process is gone
  const again = await start(store, "b", { as: "b2" });
  await again.overlays.createEndpoint((await again.catalog.use("shop")).record, request("g", "g"));
  await eventually("both know each other", () => a.overlays.isKeyKnown("b2") === true && again.overlays.isKeyKnown("a") === true);
  meet(a, again);
  expect(arrives(a, again)).toBe(true);
  const { lease } = JSON.parse(store.list("/tsproxy/c/map/nodes/b").entries.find(({ key }) => key.endsWith("/b"))!.value) as {
    lease: string;
  };
  store.end(lease);
  await eventually("b is gone", () => !a.overlays.cluster.view.nodes.has("b"));
  expect(a.overlays.elsewhere(a.overlays.networks()[0]!.id).map(({ node }) => node)).toEqual(["b2"]);
  expect([a.overlays.isKeyKnown("b2"), arrives(a, again)]).toEqual([true, true]);
});

it("a node without a key is named, and told by 'network inspect'; nothing goes there", async () => {
  const store = new MemoryCluster();
  const a = await start(store, "a");
  const b = await start(store, "b", { keys: false });
  await a.catalog.create({ name: "shop", driver: "overlay", options: { encrypted: "" } });
  await a.overlays.createEndpoint((await a.catalog.use("shop")).record, request("e", "e"));
  await eventually("b knows", () => b.overlays.networks().length === 1);
  await b.overlays.createEndpoint((await b.catalog.use("shop")).record, request("f", "f"));
  await eventually("a knows b's endpoint", () => a.overlays.isKeyKnown("b") === false);
  meet(a, b);
  expect(a.sealed.send(toB())).toEqual([]);
  expect(said.filter((line) => line.includes("node b has told no key"))).toHaveLength(1);
  const found = a.catalog.find("shop");
  const { Containers, Options } = inspectNetwork(
    found,
    a.fixture.model,
    a.overlays.elsewhere(found.id),
    (node) => a.overlays.isKeyKnown(node) ?? true,
  );
  expect(Options).toEqual({ encrypted: "" });
  expect(Containers[id("f")]).toMatchObject({ Node: "b", NoKey: true });
  expect(Containers[id("e")]?.NoKey).toBeUndefined();
  expect((await a.overlays.cluster.nodes()).map(({ name, encrypts }) => [name, encrypts])).toEqual([["a", true], ["b", false]]); // biome-ignore format: short
});

it("stays encrypted when ports are published there, by nodes of several workers too", async () => {
  const { store, a, b } = await pair();
  const network = a.overlays.networks()[0]!.id;
  await a.overlays.publishFrom(new Set([network]));
  expect(a.fixture.model.networks.map(({ record }) => record.overlay)).toMatchObject([{ encrypted: true, own: {} }]);
  expect(a.overlays.networks().map(({ overlay }) => overlay)).toEqual([{ vni: 4096, encrypted: true }]);
  await b.overlays.close();
  b.client.unreachable = true;
  const several = await start(store, "b", { workers: 2 });
  await several.catalog.use("shop");
  await several.overlays.publishFrom(new Set([network]));
  expect(several.fixture.model.networks.map(({ record }) => record.overlay)).toMatchObject([{ vni: 4096, encrypted: true, own: {} }]);
});

it("an older version does not understand the network, rather than send its frames as they are; what is not encrypted it reads as before", async () => {
  const { a, b } = await pair();
  const [record] = a.overlays.networks();
  const { v: version } = JSON.parse(networkText(record!)) as { v: number };
  expect([version, formatOf({ networks: [record!] })]).toEqual([4, 4]);
  const plain = { ...record!, overlay: { vni: 7 } };
  expect([(JSON.parse(networkText(plain)) as { v: number }).v, formatOf({ networks: [plain] })]).toEqual([2, 3]);
  for (const each of [record!, plain]) expect(parseNetwork(networkText(each))).toMatchObject({ record: { overlay: each.overlay } });
  const lost = { ...record!, overlay: { vni: record!.overlay!.vni } };
  expect(parseNetwork(networkText(record!).replace(',"encrypted":true', ""))).toMatchObject({
    problem: expect.stringContaining("it is none"),
  });
  await expect(b.fixture.model.createNetwork({ ...lost, id: id("z"), name: "lost", ranges: {} } as never)).rejects.toMatchObject({
    message: "network lost was made encrypted, and its record does not say so any more",
  });
  expect(parseNetwork(networkText(record!).replace('"v":4', '"v":5'))).toMatchObject({
    problem: expect.stringContaining("a newer version of tsproxy wrote it"),
  });
});

it("keys in the store that are none are named and passed over, with their node; a node of an older version has none", () => {
  const good = nodeText(
    { name: "a", instance: "a", tunnel: perFamily([ip("192.0.2.1")]), keys: new SealedNode("192.0.2.1", MAC_E, IP_E).ring.published },
    "7",
  );
  expect(parseNode(good)).toMatchObject({ record: { keys: { aes: true, workers: 1, keys: [{ bytes: expect.any(Uint8Array) }] } } });
  const change = (by: object): string => JSON.stringify({ ...JSON.parse(good), keys: { ...JSON.parse(good).keys, ...by } });
  for (const bad of [{ workers: 0 }, { workers: 257 }, { workers: "x" }, { aes: 1 }, { keys: [{ number: 65536, x25519: "00".repeat(32) }] }, { keys: [{ number: 1, x25519: "00" }] }]) // biome-ignore format: a table
    expect(parseNode(change(bad)), JSON.stringify(bad)).toMatchObject({ problem: expect.stringMatching(/^keys\./) });
  const old = JSON.stringify({ ...JSON.parse(good), keys: undefined });
  expect((parseNode(old) as { record: object }).record).not.toHaveProperty("keys");
});
