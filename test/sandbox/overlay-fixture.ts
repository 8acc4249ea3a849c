/** A node's networks of a cluster, over a dataplane that takes notes and a store in memory; a second node is the rest of the cluster. */
import { afterEach } from "vitest";
import { Cluster } from "../../src/cluster/cluster.js";
import { type MemoryClient, MemoryCluster } from "../../src/cluster/memory-store.js";
import { chosenAddresses } from "../../src/model/addresses.js";
import { NetworkCatalog } from "../../src/sandbox/network-catalog.js";
import { Overlays } from "../../src/sandbox/overlays.js";
import { perFamily } from "../../src/wire/per-family.js";
import { ModelFixture } from "../model/model-fixture.js";
import { ip } from "../support/ip.js";

export const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  underlay.mtu = 1500;
});

export function join(client: MemoryClient, name: string, ...addresses: string[]): Cluster {
  return new Cluster(client, { cluster: "c", self: { name, instance: name, tunnel: perFamily(addresses.map(ip)) }, ttlSec: 10 });
}

/** What the tunnels leave by. */
export const underlay = { mtu: 1500 };

export async function start(onHost: string | null = null) {
  const store = new MemoryCluster();
  const other = join(store.connect(), "b", "192.0.2.2", "2001:db8::2");
  open.push(other);
  await other.start();
  const client = store.connect();
  const fixture = await ModelFixture.start(chosenAddresses, perFamily([ip("192.0.2.1")]));
  const node = async () => {
    const cluster = join(client, "a", "192.0.2.1");
    const overlays = new Overlays(
      fixture.model,
      cluster,
      () => onHost,
      undefined,
      () => underlay.mtu,
    );
    await overlays.start();
    const host = { overlap: () => null, onChange: () => () => {}, addressesOn: () => [] };
    return { overlays, catalog: new NetworkCatalog(fixture.model, host, () => () => null, undefined, overlays) };
  };
  const { overlays, catalog } = await node();
  open.push(overlays);
  return { store, other, client, fixture, node, overlays, catalog };
}

export const id = (letter: string): string => letter.repeat(64);
export const use = (name: string) => ({ owner: id(name[0]!), names: [name] });
export const request = (letter: string, name: string) => ({ id: id(letter), use: use(name), sandbox: "/run/netns/x" });
