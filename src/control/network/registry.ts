/** The own networks, of whatever kind. */
import { formatPrefix, type IpAddress, prefixContains } from "../../wire/ip-address.js";
import { eachFamily, ofFamily } from "../../wire/per-family.js";
import { allUndone } from "../undo.js";
import { type NetworkOf, type NetworkSpec, openNetwork } from "./kinds.js";
import type { Network } from "./network.js";
import type { Site } from "./site.js";

export class NetworkRegistry {
  private readonly networks = new Set<Network>();
  /** Who wants to hear that a network is gone. */
  private readonly watchers = new Set<{ number: number; tell: () => void }>();

  constructor(private readonly site: Site) {}

  /** Throws TSP_ERR_NETWORK: unavailable when there are too many, and what the kind throws. */
  add<Spec extends NetworkSpec>(spec: Spec): NetworkOf<Spec> {
    const { networkNumbers } = this.site;
    const number = networkNumbers.take();
    try {
      const network = openNetwork(this.site, number, spec);
      this.networks.add(network);
      return network;
    } catch (error) {
      void allUndone().then(() => networkNumbers.give(number)); // until then the workers are told of it by that number
      throw error;
    }
  }

  async remove(network: Network): Promise<void> {
    if (!this.networks.delete(network)) return;
    for (const watcher of [...this.watchers]) if (watcher.number === network.number) watcher.tell();
    await network.close();
    await allUndone(); // what failed in it has its number, too
    this.site.networkNumbers.give(network.number);
  }

  /** The network that the address belongs to. */
  of(address: IpAddress): Network | undefined {
    return [...this.networks].find(({ subnets }) => {
      const subnet = ofFamily(subnets, address.family);
      return subnet !== undefined && prefixContains(subnet.prefix, address);
    });
  }

  /** Number in the workers' tables of the network with that subnet, or that device of the host; undefined: there is none. */
  numberOf(word: string): number | undefined {
    const isIt = ({ hostDevice, subnets }: Network): boolean =>
      hostDevice === word || eachFamily(subnets).some(({ prefix }) => formatPrefix(prefix) === word);
    return word === "" ? undefined : [...this.networks].find(isIt)?.number;
  }

  /** Calls `tell` when the network of that number is removed, before another one has the number; answers how to end that. */
  onGone(number: number, tell: () => void): () => void {
    const watcher = { number, tell };
    this.watchers.add(watcher);
    return () => void this.watchers.delete(watcher);
  }

  /** Whether the network of that number has endpoints behind other nodes. */
  spansNodes(number: number): boolean {
    return [...this.networks].some((network) => network.number === number && "remotes" in network);
  }

  async close(): Promise<void> {
    await Promise.all([...this.networks].reverse().map((network) => this.remove(network)));
  }
}
