/**
 * SIGKILL at any moment: a node's process ends before or after each single thing that it has the cluster's store or its own state file do, while it makes
 * a network, joins it, publishes there, leaves it and removes it. Its successor has the file. Store, file and dataplane must agree then, and all
 * must be possible again.
 */
import { expect, it } from "vitest";
import { Cluster } from "../../src/cluster/cluster.js";
import { type MemoryClient, MemoryCluster } from "../../src/cluster/memory-store.js";
import type { Transaction } from "../../src/cluster/store.js";
import { chosenAddresses } from "../../src/model/addresses.js";
import type { NetworkModel } from "../../src/model/network-model.js";
import type { Store } from "../../src/model/store.js";
import { NetworkCatalog } from "../../src/sandbox/network-catalog.js";
import { Overlays } from "../../src/sandbox/overlays.js";
import { formatIp } from "../../src/wire/ip-address.js";
import { eachFamily, perFamily } from "../../src/wire/per-family.js";
import { ModelFixture } from "../model/model-fixture.js";
import { ip } from "../support/ip.js";
import { id, request } from "./overlay-fixture.js";

const host = { overlap: () => null, onChange: () => () => {}, addressesOn: () => [] };

/** The things that a process does, and which of them is its last. */
class Life {
  steps = 0;
  dead = false;
  private end = (): void => {};
  readonly ended = new Promise<void>((resolve) => {
    this.end = resolve;
  });

  constructor(
    private readonly last: number,
    private readonly isDone: boolean,
  ) {}

  /** Never answers when the process has ended. */
  async step<T>(action: () => Promise<T>): Promise<T> {
    if (!this.dead && ++this.steps === this.last) {
      this.dead = true;
      if (this.isDone) await action();
      this.end();
    }
    return this.dead ? new Promise<never>(() => {}) : action();
  }
}

function clientOf(store: MemoryCluster, life: Life): MemoryClient {
  const client = store.connect();
  const transact = client.transact.bind(client);
  client.transact = (transaction: Transaction) => life.step(() => transact(transaction));
  for (const name of ["grant", "revoke", "list", "keepAlive"] as const) {
    const call = client[name].bind(client) as (argument: never) => Promise<never>;
    client[name] = (argument: never) => (life.dead ? new Promise<never>(() => {}) : call(argument));
  }
  return client;
}

async function startProcess(fixture: ModelFixture, client: MemoryClient): Promise<{ overlays: Overlays; catalog: NetworkCatalog }> {
  const self = { name: "a", instance: "a", tunnel: perFamily([ip("192.0.2.1")]) };
  const overlays = new Overlays(fixture.model, new Cluster(client, { cluster: "c", self, ttlSec: 10 }), () => null);
  await overlays.start();
  return { overlays, catalog: new NetworkCatalog(fixture.model, host, () => () => null, undefined, overlays) };
}

/** All that a user can do, one after another. */
async function live(model: NetworkModel, { overlays, catalog }: Awaited<ReturnType<typeof startProcess>>): Promise<void> {
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  await overlays.createEndpointIn(network, request("e", "web"));
  await overlays.createEndpointIn(network, request("f", "db"));
  await overlays.cluster.rename(id("e"), ["www"]);
  await overlays.publishFrom(new Set([network]));
  await leave(model, overlays, network, id("f"));
  await overlays.publishFrom(new Set());
  await leave(model, overlays, network, id("e"));
  await catalog.remove("shop");
}

async function leave(model: NetworkModel, overlays: Overlays, network: string, endpoint: string): Promise<void> {
  await model.deleteEndpoint(network, endpoint);
  await overlays.left(network, endpoint);
}

async function runUntil(last: number, isDone: boolean): Promise<{ ended: boolean }> {
  const store = new MemoryCluster();
  const fixture = await ModelFixture.start(chosenAddresses, perFamily([ip("192.0.2.1")]));
  const life = new Life(last, isDone);
  const { model } = fixture;
  // Its state file is one of the things.
  const file = (fixture as unknown as { store: Store }).store;
  const commit = file.commit.bind(file);
  file.commit = (change) => life.step(() => commit(change));
  const process = startProcess(fixture, clientOf(store, life)).then((started) => live(model, started));
  await Promise.race([process, life.ended]);
  if (!life.dead) return { ended: true };
  await new Promise(setImmediate);

  for (const { record } of fixture.model.endpoints) fixture.found.set(record.id, { name: record.device, nsFd: -1 }); // containers live on
  await fixture.restart();
  const { overlays, catalog } = await startProcess(fixture, store.connect());
  await overlays.cluster.sync();
  await overlays.publishFrom(new Set());
  const here = fixture.model.endpoints.map(({ record: { id: endpoint, network, addresses } }) => ({ endpoint, network, at: eachFamily(addresses).map(formatIp).join() })); // biome-ignore format: short
  const held = store.list("/tsproxy/c/held/").entries.map(({ key, value }) => {
    const [network, at] = key.slice("/tsproxy/c/held/".length).split("/");
    return { endpoint: (JSON.parse(value) as { endpoint: string }).endpoint, network, at };
  });
  const told = store.list("/tsproxy/c/map/endpoints/").entries.map(({ value }) => JSON.parse(value) as { id: string; network: string; addresses: { ipv4: string } }); // biome-ignore format: short
  const sorted = <T extends { endpoint: string }>(all: T[]): T[] => all.sort((x, y) => (x.endpoint < y.endpoint ? -1 : 1));
  const where = `after step ${last}, ${isDone ? "" : "not "}done`;
  expect(sorted(held), `held ${where}`).toEqual(sorted(here));
  expect(sorted(told.map(({ id: endpoint, network, addresses }) => ({ endpoint, network, at: addresses.ipv4 }))), `told ${where}`).toEqual(sorted(here)); // biome-ignore format: short
  const used = new Set(here.map(({ network }) => network));
  expect(new Set(fixture.model.networks.map(({ record }) => record.id)), `networks here ${where}`).toEqual(used);
  expect([...fixture.specs], `networks of the dataplane ${where}`).toHaveLength(used.size);

  // All can be done again, and nothing is left then.
  for (const { network, endpoint } of here) await leave(fixture.model, overlays, network, endpoint);
  for (const { name } of overlays.networks()) await catalog.remove(name!);
  await live(fixture.model, { overlays, catalog });
  expect(store.list("/tsproxy/c/held/").entries.concat(store.list("/tsproxy/c/map/endpoints/").entries, store.list("/tsproxy/c/map/networks/").entries), where).toEqual([]); // biome-ignore format: short
  expect([...fixture.specs], where).toEqual([]);
  await overlays.close();
  return { ended: false };
}

it("leaves store, file and dataplane in agreement, whichever step was the last, and was done or not", async () => {
  let steps = 0;
  for (let ended = false; !ended; steps++) for (const isDone of [false, true]) ended = (await runUntil(steps + 1, isDone)).ended || ended;
  expect(steps).toBeGreaterThan(20);
}, 60_000);
