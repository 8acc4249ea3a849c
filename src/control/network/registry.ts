/** The own networks by number, of whatever kind. */
import { TsproxyError } from "../../errors.js";
import { MAX_NETWORKS } from "../../table/networks.js";
import { type IpAddress, prefixContains } from "../../wire/ip-address.js";
import { ofFamily } from "../../wire/per-family.js";
import { type NetworkOf, type NetworkSpec, openNetwork } from "./kinds.js";
import type { Network } from "./network.js";
import type { Site } from "./site.js";

export class NetworkRegistry {
  private readonly byNumber = new Map<number, Network>();

  constructor(private readonly site: Site) {}

  /** Throws TSP_ERR_NETWORK: unavailable when there are too many, and what the kind throws. */
  add<Spec extends NetworkSpec>(spec: Spec): NetworkOf<Spec> {
    let number = 0;
    while (this.byNumber.has(number)) number++;
    if (number >= MAX_NETWORKS)
      throw new TsproxyError("TSP_ERR_NETWORK", "unavailable", `there are ${MAX_NETWORKS} networks already`, "remove one");
    const network = openNetwork(this.site, number, spec);
    this.byNumber.set(number, network);
    return network;
  }

  async remove(network: Network): Promise<void> {
    if (this.byNumber.delete(network.number)) await network.close();
  }

  /** The network that the address belongs to. */
  of(address: IpAddress): Network | undefined {
    return [...this.byNumber.values()].find(({ subnets }) => {
      const subnet = ofFamily(subnets, address.family);
      return subnet !== undefined && prefixContains(subnet.prefix, address);
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.byNumber.values()].reverse().map((network) => this.remove(network)));
  }
}
