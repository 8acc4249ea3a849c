/** Networks and endpoints as they are now: a record, and what there is of it in the dataplane. */
import { closeSync } from "node:fs";
import { parseMac } from "../wire/ethernet.js";
import { eachFamily } from "../wire/per-family.js";
import { networkError } from "./checks.js";
import { shortId } from "./records.js";
export class LiveNetwork {
    constructor(record, mechanism, 
    /** This node's addresses for networks of several nodes. */
    tunnel) {
        this.record = record;
        this.mechanism = mechanism;
        this.tunnel = tunnel;
    }
    /** Undefined when it could not be made again after a restart. */
    get inDataplane() {
        return this.made;
    }
    /** Makes it if it is not there. */
    make() {
        const { id, subnets, options, overlay, lan } = this.record;
        if (overlay !== undefined && eachFamily(this.tunnel).length === 0)
            throw networkError("unavailable", `network ${this.record.name ?? shortId(id)} is of a cluster`, "start the daemon with --store");
        if (lan !== undefined) {
            const { mtu, icc } = options;
            this.made ??= this.mechanism.networks.add({ kind: "macvlan", ...lan, subnets, mtu, icc, keepAs: `lan-${id.slice(0, 12)}` });
            return this.made;
        }
        this.made ??= this.mechanism.networks.add({
            ...(overlay === undefined ? { kind: "bridge" } : { kind: "overlay", vni: overlay.vni, local: this.tunnel }),
            subnets,
            mtu: options.mtu,
            internal: options.internal,
            icc: options.icc,
            masquerade: options.masquerade,
            promiscuous: options.promiscuous ?? false,
            outside: options.outside,
            hostDevice: options.hostDevice ?? `tsn${id.slice(0, 12)}`,
        });
        return this.made;
    }
    async remove() {
        const { made } = this;
        this.made = undefined;
        if (made !== undefined)
            await this.mechanism.networks.remove(made);
    }
}
export class LiveEndpoint {
    constructor(
    /** As it was committed. */
    record, network, mechanism, host) {
        this.record = record;
        this.network = network;
        this.mechanism = mechanism;
        this.host = host;
        this.publications = [];
        /** With others of its network, from it and to it. */
        this.links = new Set();
    }
    /** Its device ended: with its sandbox, or while no process held it. */
    get gone() {
        return this.device === undefined;
    }
    get mappings() {
        return this.publications.flatMap(({ mappings }) => mappings);
    }
    /** Makes its device, in the host's namespace or in `place`. */
    make(onGone, place = { name: this.record.device, nsFd: -1 }) {
        this.attach(place, onGone);
    }
    /** Takes its device up where an earlier process left it. */
    takeUp(found, onGone) {
        try {
            this.attach({ ...found, existing: { multiQueue: this.record.multiQueue } }, onGone);
        }
        finally {
            if (found.nsFd !== -1)
                closeSync(found.nsFd);
        }
    }
    /** All of these ports, or none of them. */
    async publish(specs) {
        const published = [];
        try {
            for (const spec of specs)
                published.push(this.mechanism.publisher.publish(spec));
        }
        catch (error) {
            for (const publication of published.reverse())
                await publication.close();
            throw error;
        }
        this.publications.push(...published);
    }
    async withdraw() {
        for (const publication of this.publications.splice(0).reverse())
            await publication.close();
    }
    /** Opens ports of another endpoint of its network for it, as long as both are there. */
    link(server, ports) {
        const made = this.network.make().endpoints.link(this.record.addresses, server.record.addresses, ports);
        const link = {
            close: () => {
                this.links.delete(link);
                server.links.delete(link);
                made.close();
            },
        };
        this.links.add(link);
        server.links.add(link);
        return link;
    }
    /** It is gone from now on. `wait`: until its device is no longer to be seen. */
    async end({ wait = true } = {}) {
        for (const link of this.links)
            link.close();
        await this.withdraw();
        const { device } = this;
        this.device = undefined;
        await (wait ? device?.remove() : device?.dismiss());
    }
    /** Ends it, and removes what may be left of its device in the host's namespace. */
    async remove({ wait = true } = {}) {
        const { gone } = this;
        await this.end({ wait });
        if (gone)
            this.host.remove(this.record.device);
    }
    attach(where, onGone) {
        const { addresses, mac, bandwidth } = this.record;
        const spec = { ...where, keepAs: this.record.device, addresses, mac: parseMac(mac), bandwidth, onGone };
        this.device = this.network.make().endpoints.addDevice(spec);
    }
}
//# sourceMappingURL=live.js.map