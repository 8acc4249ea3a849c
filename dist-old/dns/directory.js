import { formatIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
export class Directory {
    /** `cluster`: who is in networks on other nodes. */
    constructor(model, cluster) {
        this.model = model;
        this.cluster = cluster;
        this.version = "";
        this.networks = new Map();
    }
    /** Addresses of a name, of both families, as who is in `scope` sees it; undefined: it is nobody's. `name`: lower case, no dot at the end. */
    addresses({ networks, links }, name) {
        this.refresh();
        const alias = links.find((link) => link.alias.toLowerCase() === name);
        const found = networks.flatMap((id) => {
            const names = this.networks.get(id);
            if (names === undefined)
                return [];
            const linked = alias === undefined ? [] : (names.byOwner.get(alias.owner) ?? []);
            const suffix = `.${names.network}`;
            const qualified = name.endsWith(suffix) ? (names.byName.get(name.slice(0, -suffix.length)) ?? []) : [];
            return [...linked, ...(names.byName.get(name) ?? []), ...qualified];
        });
        return found.length === 0 ? undefined : [...new Set(found)];
    }
    /** `name.network` of an address (as `formatIp` writes it) in one of the networks; undefined: it is nobody's. */
    pointer({ networks }, address) {
        this.refresh();
        for (const id of networks) {
            const names = this.networks.get(id);
            const name = names?.byAddress.get(address);
            if (name !== undefined)
                return `${name}.${names.network}`;
        }
        return undefined;
    }
    /** A thousand endpoints are put into order once a change, not once a question. */
    refresh() {
        const version = `${this.model.version} ${this.cluster?.version}`;
        if (this.version === version)
            return;
        this.version = version;
        this.networks = new Map(this.model.networks.map(({ record: { id, name = id } }) => [
            id,
            { network: name.toLowerCase(), byName: new Map(), byOwner: new Map(), byAddress: new Map() },
        ]));
        for (const { record, gone } of this.model.endpoints)
            if (!gone)
                this.add(record);
        for (const id of this.networks.keys())
            for (const endpoint of this.cluster?.elsewhere(id) ?? [])
                this.add({ ...endpoint, use: endpoint });
    }
    add({ network, addresses, use }) {
        const names = this.networks.get(network);
        if (names === undefined || use === undefined)
            return;
        for (const address of eachFamily(addresses).map(formatIp)) {
            for (const name of use.names)
                push(names.byName, name.toLowerCase(), address);
            push(names.byOwner, use.owner, address);
            if (use.names[0] !== undefined)
                names.byAddress.set(address, use.names[0]);
        }
    }
}
function push(map, key, value) {
    const list = map.get(key);
    if (list === undefined)
        map.set(key, [value]);
    else
        list.push(value);
}
//# sourceMappingURL=directory.js.map