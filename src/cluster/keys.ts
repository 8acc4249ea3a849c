/**
 * Where a cluster's records are in its store:
 *
 *     /tsproxy/CLUSTER/map/nodes/NAME              a node, as long as its lease
 *     /tsproxy/CLUSTER/map/networks/ID             a network
 *     /tsproxy/CLUSTER/map/endpoints/NETWORK/ID    an endpoint and where it is, as long as its node's lease
 *     /tsproxy/CLUSTER/map/beacon                  that the watch is alive (`mirror.ts`)
 *     /tsproxy/CLUSTER/held/NETWORK/ADDRESS        who has an address; outlives its node, which keeps it
 *     /tsproxy/CLUSTER/fences/NODE                 keeps changes from being made late (`fence.ts`)
 *
 * Every node mirrors `map/`; the others are only asked.
 */

/** Of clusters and nodes. */
export const CLUSTER_NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

export type MapKey =
  | { readonly kind: "node"; readonly name: string }
  | { readonly kind: "network"; readonly id: string }
  | { readonly kind: "endpoint"; readonly network: string; readonly id: string }
  | { readonly kind: "beacon" };

export class Keys {
  /** Prefix of them all. */
  readonly all: string;
  readonly map: string;
  readonly networks: string;
  readonly beacon: string;
  readonly heldAll: string;

  constructor(readonly cluster: string) {
    this.all = `/tsproxy/${cluster}/`;
    this.map = `${this.all}map/`;
    this.networks = `${this.map}networks/`;
    this.beacon = `${this.map}beacon`;
    this.heldAll = `${this.all}held/`;
  }

  node(name: string): string {
    return `${this.map}nodes/${name}`;
  }

  network(id: string): string {
    return `${this.networks}${id}`;
  }

  endpoint(network: string, id: string): string {
    return `${this.map}endpoints/${network}/${id}`;
  }

  fence(node: string): string {
    return `${this.all}fences/${node}`;
  }

  /** Prefix of a network's. */
  heldIn(network: string): string {
    return `${this.heldAll}${network}/`;
  }

  held(network: string, address: string): string {
    return `${this.heldIn(network)}${address}`;
  }

  /** What a key below `map` is of; undefined: none of ours. */
  parse(key: string): MapKey | undefined {
    if (key === this.beacon) return { kind: "beacon" };
    const [kind, first = "", second = "", ...rest] = key.slice(this.map.length).split("/");
    if (first === "" || rest.length > 0) return undefined;
    if (kind === "endpoints") return second === "" ? undefined : { kind: "endpoint", network: first, id: second };
    if (second !== "") return undefined;
    if (kind === "nodes") return { kind: "node", name: first };
    if (kind === "networks") return { kind: "network", id: first };
    return undefined;
  }
}
