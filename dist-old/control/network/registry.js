/** The own networks by number, of whatever kind. */
import { TsproxyError } from "../../errors.js";
import { MAX_NETWORKS } from "../../table/networks.js";
import { prefixContains } from "../../wire/ip-address.js";
import { ofFamily } from "../../wire/per-family.js";
import { openNetwork } from "./kinds.js";
export class NetworkRegistry {
    constructor(site) {
        this.site = site;
        this.byNumber = new Map();
    }
    /** Throws TSP_ERR_NETWORK: unavailable when there are too many, and what the kind throws. */
    add(spec) {
        let number = 0;
        while (this.byNumber.has(number))
            number++;
        if (number >= MAX_NETWORKS)
            throw new TsproxyError("TSP_ERR_NETWORK", "unavailable", `there are ${MAX_NETWORKS} networks already`, "remove one");
        const network = openNetwork(this.site, number, spec);
        this.byNumber.set(number, network);
        return network;
    }
    async remove(network) {
        if (this.byNumber.delete(network.number))
            await network.close();
    }
    /** The network that the address belongs to. */
    of(address) {
        return [...this.byNumber.values()].find(({ subnets }) => {
            const subnet = ofFamily(subnets, address.family);
            return subnet !== undefined && prefixContains(subnet.prefix, address);
        });
    }
    async close() {
        await Promise.all([...this.byNumber.values()].reverse().map((network) => this.remove(network)));
    }
}
//# sourceMappingURL=registry.js.map