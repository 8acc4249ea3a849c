/**
 * Published ports that lead to a name, `-p 80:web:8080`: to every endpoint of the network that has it. Such a port is there for as long as a sandbox
 * runs that asks for it; those that ask for the same one share it. Who comes later under the name is one more target, and one that is being stopped
 * gets no new connections while its program ends.
 */
import { DEFAULT_BALANCE, parseAffinity, parseHealthCheck } from "../control/balance-options.js";
import { MAX_TARGETS } from "../control/balancer.js";
import { dockerError } from "../docker/network-driver.js";
import { log } from "../log.js";
import { formatIp } from "../wire/ip-address.js";
import { eachFamily, ofFamily } from "../wire/per-family.js";
import { gatewaysIn, portsFor, shareOf } from "./gateways.js";
import { sandboxError } from "./sandbox-errors.js";
/** What a target has goes on until its program ends; some end of it there must be. */
const DRAIN_MS = 24 * 3600 * 1000;
export class NamedPorts {
    constructor(model, publisher) {
        this.model = model;
        this.publisher = publisher;
        this.open = new Map();
    }
    /**
     * As `all` ask now, and publishes what sandbox `own` asks for; `stopping`: owners of endpoints that are being stopped. Throws when a port cannot be
     * published, with none of the new ones left. What another sandbox could not publish, as after a restart, is no failure of this one.
     */
    async arrange(all, stopping, own) {
        await this.settle(all, stopping);
        const made = [];
        try {
            for (const wanted of wantedBy(all.filter(({ record }) => record.id === own))) {
                if (this.open.has(wanted.key))
                    continue;
                this.open.set(wanted.key, { wanted, publication: this.publish(wanted) });
                made.push(wanted.key);
            }
        }
        catch (error) {
            for (const key of made)
                await this.close(key);
            throw dockerError(error);
        }
    }
    /** The same, but publishes nothing more, so nothing can go wrong. */
    async settle(all, stopping) {
        const keys = new Set(wantedBy(all).map(({ key }) => key));
        for (const key of [...this.open.keys()])
            if (!keys.has(key))
                await this.close(key);
        for (const { wanted, publication } of this.open.values()) {
            const balancer = publication.balancer;
            const there = this.endpointsOf(wanted);
            const staying = there.filter(({ record }) => !stopping.has(record.use.owner));
            try {
                const known = targetsOf(wanted, there).map(({ ip }) => formatIp(ip));
                balancer.set(limited(wanted, targetsOf(wanted, staying)), ({ ip }) => (known.includes(formatIp(ip)) ? DRAIN_MS : 0));
            }
            catch (error) {
                log.warn(`port ${wanted.hostPort} of ${wanted.name}: ${error.message}`);
            }
        }
    }
    /** What is published for the sandbox. */
    mappingsOf(asking) {
        return wantedBy([asking]).flatMap(({ key }) => [...(this.open.get(key)?.publication.mappings ?? [])]);
    }
    async close(key) {
        const found = this.open.get(key);
        this.open.delete(key);
        await found?.publication.close();
    }
    publish(wanted) {
        const { key: _, network: __, name: ___, family: ____, options, ...ports } = wanted;
        const several = limited(wanted, targetsOf(wanted, this.endpointsOf(wanted)));
        const first = several[0]?.ip ?? { family: wanted.family, value: 0n };
        return this.publisher.publish({ ...ports, targets: first.family === 4 ? { ipv4: first } : { ipv6: first }, several }, undefined, options);
    }
    endpointsOf({ network, name }) {
        return this.model.endpoints.filter(({ record, gone }) => !gone && record.network === network && record.sandbox !== "" && record.use?.names.includes(name));
    }
}
function targetsOf({ family, targetPort: port }, endpoints) {
    return endpoints.flatMap(({ record }) => {
        const ip = ofFamily(record.addresses, family);
        return ip === undefined ? [] : [{ ip, port }];
    });
}
function limited({ name }, targets) {
    if (targets.length > MAX_TARGETS)
        log.warn(`${name} has ${targets.length} endpoints: ${MAX_TARGETS} of them get connections`);
    return targets.slice(0, MAX_TARGETS);
}
function wantedBy(all) {
    const found = new Map();
    for (const asking of all)
        for (const wanted of wantedOf(asking))
            if (!found.has(wanted.key))
                found.set(wanted.key, wanted);
    return [...found.values()];
}
function wantedOf({ record, members }) {
    return members.flatMap((member) => {
        const share = shareOf(member, gatewaysIn(record));
        if (share === undefined)
            return [];
        const { subnets, options } = member.network.record;
        const families = eachFamily(subnets).map(({ gateway }) => gateway.family);
        return record.ports.flatMap((port) => {
            if (port.name === undefined)
                return [];
            const requests = portsFor({ ports: [port] }, share, options.hostBinding, []);
            const hosts = requests.flatMap(({ hostIp, hostZone }) => hostIp === null && families.length > 1 ? anyOf(families) : [{ hostIp, hostZone }]);
            return hosts.map(({ hostIp, hostZone }) => {
                const { hostPort, hostPortEnd, targetPort, targetPortEnd, proto, name } = port;
                const family = hostIp !== null && families.includes(hostIp.family) ? hostIp.family : families[0];
                const network = member.network.record.id;
                const host = hostIp === null ? "*" : `${formatIp(hostIp)}%${hostZone ?? ""}`;
                const said = [port.affinity, port.healthCheck].join();
                const key = [network, name, host, hostPort, hostPortEnd, targetPort, proto, said].join(" ");
                const ports = { hostPort, hostPortEnd, pickFromRange: false, targetPort, targetPortEnd, proto };
                return { key, network, name, family, options: balanceOf(port), hostIp, hostZone, ...ports };
            });
        });
    });
}
function anyOf(families) {
    return families.map((family) => ({ hostIp: { family, value: 0n }, hostZone: undefined }));
}
/** Throws TSP_ERR_OPTION (invalid). */
export function balanceOf({ affinity, healthCheck }) {
    return {
        affinitySec: affinity === undefined ? DEFAULT_BALANCE.affinitySec : parseAffinity(affinity),
        check: healthCheck === undefined ? DEFAULT_BALANCE.check : parseHealthCheck(healthCheck),
    };
}
/** Throws TSP_ERR_SANDBOX (invalid) for a port of a name that the sandbox has not. */
export function checkNames(ports, names) {
    for (const { name, hostPort } of ports)
        if (name !== undefined && !names.includes(name))
            throw sandboxError("invalid", `-p ${hostPort}:${name}: '${name}' is no name of this sandbox`, `add --network-alias ${name}`);
}
//# sourceMappingURL=named-ports.js.map