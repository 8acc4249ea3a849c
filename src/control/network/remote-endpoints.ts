/**
 * The endpoints of an overlay network that are behind other nodes, as whoever knows the store tells. The dataplane knows them by MAC, whoever tells by id: so
 * of two with one MAC, as of a container that moves, the one told last has it, whichever goes first.
 */
import { log } from "../../log.js";
import type { NetworkStations } from "../../steer/stations.js";
import { macText } from "../../wire/ethernet.js";
import { formatIp, type IpAddress, sameIp } from "../../wire/ip-address.js";
import { eachFamily, type PerFamily } from "../../wire/per-family.js";
import type { Workers } from "../workers.js";

/** Somebody in the network on another node. */
export interface RemoteEndpoint {
  id: string;
  /** Six bytes, of a station. */
  mac: Uint8Array;
  addresses: PerFamily<IpAddress>;
  /** Address in the underlay of its node. */
  vtep: IpAddress;
  /** Name of its node, for messages. */
  node: string;
}

/** What is removed goes first. Who is put replaces whom has the same id. */
export interface OverlayChange {
  remove?: readonly string[] | undefined;
  put?: readonly RemoteEndpoint[] | undefined;
}

/** What this node is to other nodes' endpoints when it opens something there (decision 150). */
export interface OwnAddress {
  mac: Uint8Array;
  /** Nobody else's in the network. */
  addresses: PerFamily<IpAddress>;
}

export class RemoteEndpoints {
  /** MAC by id, and id by MAC. */
  private readonly macs = new Map<string, Uint8Array>();
  private readonly owners = new Map<string, string>();

  /** `local`: this node's address in the underlay; `gateway`: the gateway's MAC. `nameNode` is told what a node is called; `stations`: where the kernel carries frames. */
  constructor(
    private readonly workers: Workers,
    private readonly network: number,
    private readonly local: IpAddress,
    private readonly gateway: Uint8Array,
    private readonly nameNode: (address: IpAddress, name: string) => void,
    private readonly stations: NetworkStations | undefined,
  ) {}

  /** Ids that are not known are passed over. What cannot be is left out, with a warning. */
  apply({ remove = [], put = [] }: OverlayChange): void {
    for (const id of remove) this.remove(id);
    for (const endpoint of put) this.put(endpoint);
  }

  /** This node's own address in the network; undefined: it has none, and opens nothing on other nodes. */
  setOwn(own: OwnAddress | undefined): void {
    const { mac, addresses } = own ?? { mac: new Uint8Array(6), addresses: {} };
    this.workers.post({ type: "snat-address", network: this.network, mac, addresses: eachFamily(addresses) });
  }

  private put({ id, mac, addresses, vtep, node }: RemoteEndpoint): void {
    const name = macText(mac);
    const wrong =
      mac.length !== 6 || (mac[0]! & 1) !== 0
        ? `'${name}' is no MAC address of a station`
        : name === macText(this.gateway)
          ? `MAC address ${name} is the gateway's` // what our endpoints send out of the network would go there
          : vtep.family !== this.local.family
            ? `its node's address ${formatIp(vtep)} is not of the family of ${formatIp(this.local)}, which this node has in the underlay`
            : sameIp(vtep, this.local)
              ? `its node's address ${formatIp(vtep)} is this node's own`
              : "";
    if (wrong !== "") {
      log.warn(`endpoint ${id} of node ${node} is left out: ${wrong}`);
      this.remove(id);
      return;
    }
    const before = this.macs.get(id);
    if (before !== undefined && macText(before) !== name) this.remove(id);
    this.macs.set(id, mac);
    this.owners.set(name, id);
    this.nameNode(vtep, node);
    this.stations?.setBehind(mac, { addresses, node: vtep });
    this.workers.post({ type: "set-remote", network: this.network, mac, addresses: eachFamily(addresses), node: vtep });
  }

  private remove(id: string): void {
    const mac = this.macs.get(id);
    if (mac === undefined) return;
    this.macs.delete(id);
    const name = macText(mac);
    if (this.owners.get(name) !== id) return; // another one has it by now
    this.owners.delete(name);
    this.stations?.setBehind(mac, null);
    this.workers.post({ type: "remove-remote", network: this.network, mac });
  }
}
