/**
 * The kind `macvlan`: endpoints stand on the LAN of one of the host's devices, the parent, each with a MAC and addresses of its own there, as behind the
 * kernel's macvlan. Unlike there the host and they reach each other, and their ports can be published.
 */
import { TsproxyError } from "../../errors.js";
import { hostFamilies } from "../../sys/host-families.js";
import { NO_ICC } from "../../table/networks.js";
import { prefixContains, prefixOf } from "../../wire/ip-address.js";
import { ofFamily } from "../../wire/per-family.js";
import { checkNetworkFamilies } from "../families.js";
import { Undo } from "../undo.js";
import { Endpoints } from "./endpoints.js";
/** Throws TSP_ERR_NETWORK as `Lans.open`; invalid: an MTU above the parent's. */
export const openMacvlan = (site, number, spec) => new Macvlan(site, number, spec);
class Macvlan {
    constructor(site, number, spec) {
        this.site = site;
        this.number = number;
        this.spec = spec;
        this.undo = new Undo();
        const { workers, taps, lans } = site;
        const { parent, subnets, icc, keepAs } = spec;
        checkNetworkFamilies(subnets, hostFamilies());
        this.subnets = subnets;
        const { mtu: most } = lans.parent(parent);
        this.mtu = spec.mtu ?? most;
        if (this.mtu > most)
            throw new TsproxyError("TSP_ERR_NETWORK", "invalid", `an MTU of ${this.mtu} is above that of ${parent}`, `give ${most} or less`);
        try {
            // Without subnets: the LAN's addresses are anybody's, not those of a network behind us.
            workers.post({ type: "add-network", network: number, subnets: [], flags: icc === false ? NO_ICC : 0 });
            this.undo.add(`network on ${parent}`, () => workers.post({ type: "remove-network", network: number }));
            const onMac = (mac) => workers.post({ type: "parent-mac", network: number, mac });
            const lan = lans.open(parent, keepAs, `network on ${parent}`, this.undo, onMac);
            this.hostDevice = lan.tap.name;
            taps.attach(lan.tap, { kind: "lan", name: lan.tap.name, mac: lan.mac, addresses: [], network: number, device: lan.device }, this.undo);
            this.endpoints = new Endpoints(site, { number, mtu: this.mtu, subnets, onStation: lan.addStation });
        }
        catch (error) {
            void this.undo.run();
            throw error;
        }
    }
    /** We are an endpoint's only door, so whoever its client is, it answers through us. */
    reach(target) {
        const { prefix, gateway } = ofFamily(this.subnets, target.family);
        const own = (this.site.host.addressesOn(this.spec.parent) ?? []).filter(({ family }) => family === target.family);
        const snatSource = own.find((address) => prefixContains(prefix, address)) ?? own[0] ?? gateway;
        const nobody = { family: target.family, value: 0n };
        return { snatSource, network: prefixOf(nobody, target.family === 4 ? 32 : 128), own: this.number };
    }
    async close() {
        await this.endpoints.close();
        await this.undo.run();
    }
}
//# sourceMappingURL=macvlan.js.map