/**
 * The endpoints of an overlay network that are behind other nodes, as whoever knows the store tells. The dataplane knows them by MAC, whoever tells by id: so
 * of two with one MAC, as of a container that moves, the one told last has it, whichever goes first.
 */
import { log } from "../../log.js";
import { macText } from "../../wire/ethernet.js";
import { formatIp, sameIp } from "../../wire/ip-address.js";
import { eachFamily } from "../../wire/per-family.js";
export class RemoteEndpoints {
    /** `local`: this node's address in the underlay. `nameNode` is told what a node is called. */
    constructor(workers, network, local, nameNode) {
        this.workers = workers;
        this.network = network;
        this.local = local;
        this.nameNode = nameNode;
        /** MAC by id, and id by MAC. */
        this.macs = new Map();
        this.owners = new Map();
    }
    /** Ids that are not known are passed over. What cannot be is left out, with a warning. */
    apply({ remove = [], put = [] }) {
        for (const id of remove)
            this.remove(id);
        for (const endpoint of put)
            this.put(endpoint);
    }
    put({ id, mac, addresses, vtep, node }) {
        const name = macText(mac);
        const wrong = mac.length !== 6 || (mac[0] & 1) !== 0
            ? `'${name}' is no MAC address of a station`
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
        if (before !== undefined && macText(before) !== name)
            this.remove(id);
        this.macs.set(id, mac);
        this.owners.set(name, id);
        this.nameNode(vtep, node);
        this.workers.post({ type: "set-remote", network: this.network, mac, addresses: eachFamily(addresses), node: vtep });
    }
    remove(id) {
        const mac = this.macs.get(id);
        if (mac === undefined)
            return;
        this.macs.delete(id);
        const name = macText(mac);
        if (this.owners.get(name) !== id)
            return; // another one has it by now
        this.owners.delete(name);
        this.workers.post({ type: "remove-remote", network: this.network, mac });
    }
}
//# sourceMappingURL=remote-endpoints.js.map