/**
 * Publishes ports: holds the host port, works out what the target needs to answer through us, and tells the worker. What the host's kernel
 * lets through to the held sockets, their filter gives to the workers (`steer/accept-program.ts`).
 * One rule, one message and one batch of map entries a range, however long.
 */
import { closeSync } from "node:fs";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { hostFamilies } from "../sys/host-families.js";
import { native } from "../sys/native.js";
import { PortTakenError } from "../sys/port-owner.js";
import { TAKES } from "../table/selection.js";
import { formatIp } from "../wire/ip-address.js";
import { PROTOCOLS } from "../wire/ipv4.js";
import { DEFAULT_BALANCE } from "./balance-options.js";
import { Balancer, sameReach } from "./balancer.js";
import { checkPortFamilies } from "./families.js";
import { HealthChecks } from "./health.js";
import { holdPorts, takeOver } from "./held-ports.js";
import { knockAt } from "./knock.js";
import { eachHostAddress, formatMapping, hostAddressesMeet, hostAddressText, } from "./mapping.js";
import { kernelReach, localTarget } from "./target-reach.js";
import { Undo } from "./undo.js";
/** Free ports that are tried until one is free at every address. */
const MAX_PICKS = 16;
export class Publisher {
    constructor(socket, host, workers, steering, networks, store) {
        this.socket = socket;
        this.host = host;
        this.workers = workers;
        this.steering = steering;
        this.networks = networks;
        this.store = store;
        this.nextRule = 0;
        this.open = new Set();
        /** By number, of targets that the host's kernel reaches. */
        this.rules = new Map();
        this.checks = new HealthChecks(knockAt);
        this.listeners = new Set();
        this.endWatch = host.onChange(() => this.revise());
    }
    /** Whether packets can do it; the relay (`relay/relay.ts`) can do what they cannot. */
    serves(spec) {
        return eachHostAddress(spec, this.host.families).every((one) => this.canCarry(one));
    }
    /** How to reach a target of what is to be published, or a TSP_ERR_TARGET that says why it cannot be. */
    reach(spec, target) {
        const own = this.networks.of(target);
        if (own !== undefined) {
            const reach = own.reach(target);
            if (reach === null)
                throw localTarget(target);
            return reach;
        }
        const { gateway, ...reach } = kernelReach(this.socket, this.host, target);
        if (gateway)
            log.warn(`${formatIp(target)} is behind a gateway, so it sees this host as the client of ${formatMapping(spec)}`);
        return reach;
    }
    /** `listener` hears when a target of several goes up or down. Answers how to end that. */
    onTarget(listener) {
        this.listeners.add(listener);
        return () => this.listeners.delete(listener);
    }
    /**
     * Holds the ports and publishes; `heldBy` is a socket of somebody who holds the one port already. On failure nothing is held. `options` are about
     * several targets.
     */
    publish(spec, heldBy, options = DEFAULT_BALANCE) {
        const undo = new Undo();
        try {
            checkPortFamilies(spec, hostFamilies());
            const balance = spec.several === undefined ? undefined : this.balance(spec, spec.several, options, undo);
            const taken = this.takeEach(eachHostAddress(spec, this.host.families), undo, heldBy, balance);
            balance?.balancer.start(taken[0].hostPort);
            const publication = {
                get mappings() {
                    return balance === undefined ? taken : taken.map((mapping) => ({ ...mapping, several: balance.balancer.targets }));
                },
                balancer: balance?.balancer,
                close: async () => {
                    if (this.open.delete(publication))
                        await undo.run();
                },
            };
            this.open.add(publication);
            return publication;
        }
        catch (error) {
            void undo.run();
            throw this.nameOwn(error);
        }
    }
    /** Of what may have several targets. */
    get balanced() {
        return [...this.open].filter(({ balancer }) => balancer !== undefined);
    }
    /** All that is published now. */
    mappings() {
        return [...this.open].flatMap((publication) => publication.mappings);
    }
    async close() {
        this.endWatch();
        this.checks.close();
        for (const publication of [...this.open].reverse())
            await publication.close();
    }
    /** Publishes anew what the host's change has changed. A target that cannot be reached now keeps its rule: its way may come back as it was. */
    revise() {
        const reachOf = (target) => {
            try {
                return kernelReach(this.socket, this.host, target);
            }
            catch (error) {
                if (error instanceof TsproxyError)
                    return null;
                throw error;
            }
        };
        for (const [id, entry] of this.rules) {
            const { spec, reach } = entry;
            const next = reachOf(spec.targetIp);
            if (next === null || sameReach(next, reach))
                continue;
            entry.reach = next;
            this.workers.post({ type: "publish", id, rule: { ...entry.rule, targets: [targetOf(spec, next)] } });
            log.info(`${formatMapping(spec)}: the host's way to ${formatIp(spec.targetIp)} has changed`);
        }
        for (const { balancer } of this.balanced)
            balancer?.revise(reachOf);
    }
    balance(spec, targets, options, undo) {
        const rules = new Set();
        const balancer = new Balancer(targets, spec.proto, options, this.checks, {
            reach: (ip) => this.reach(spec, ip),
            post: (published) => {
                for (const id of rules)
                    this.workers.post({ type: "targets", id, targets: published });
            },
            onEvent: (event) => {
                for (const listener of this.listeners)
                    listener(event);
            },
        });
        undo.add("targets", () => balancer.close());
        return { balancer, rules };
    }
    /** Of a port that is published here already the error says to whom, and not that this process has it. */
    nameOwn(error) {
        if (!(error instanceof PortTakenError))
            return error;
        const { proto, address, port } = error;
        const own = this.mappings().find((m) => m.proto === proto && m.hostPort <= port && port <= m.hostPortEnd && hostAddressesMeet(m, { hostIp: address }));
        if (own === undefined)
            return error;
        const owner = `port ${own.targetPort + port - own.hostPort} of ${formatIp(own.targetIp)}`;
        return new PortTakenError(proto, address, port, owner, error, "publish another host port");
    }
    /** The sockets that a former process held these ports with, which hold them still. */
    takeFormer(spec, filterFd) {
        if (spec.pickFromRange || spec.hostPort === 0)
            return undefined;
        const name = nameOf(spec, spec.hostPort, spec.hostPortEnd);
        const fds = this.store?.take(name) ?? [];
        if (fds.length === 0)
            return undefined;
        const isRight = (fd, i) => {
            const [proto, port, address] = native.boundTo(fd) ?? [];
            return proto === PROTOCOLS[spec.proto] && port === spec.hostPort + i && address === formatIp(spec.hostIp);
        };
        const count = Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
        if (fds.length === count && fds.every(isRight) && fds.every((fd) => native.setFilter(fd, filterFd) === 0))
            return { firstPort: spec.hostPort, fds };
        for (const fd of fds)
            closeSync(fd);
        this.store?.remove(name);
        return undefined;
    }
    keep(spec, { firstPort, fds }, isKept, undo) {
        const name = nameOf(spec, firstPort, firstPort + fds.length - 1);
        if (!isKept)
            this.store?.put(name, fds);
        undo.add(`keeping of ${formatMapping(spec)}`, () => this.store?.remove(name));
    }
    canCarry({ hostIp, targetIp, several }) {
        const targets = several?.map(({ ip }) => ip) ?? [targetIp];
        return this.host.ipv6 || (hostIp.family === 4 && targets.every(({ family }) => family === 4));
    }
    /** Every address gets the same port, also where one is to be picked. */
    takeEach([first, ...others], undo, heldBy, balance) {
        for (let spec = first, tries = 1;; tries++) {
            const attempt = new Undo();
            let taken;
            try {
                taken = this.takePorts(spec, attempt, heldBy, balance);
                const { hostPort, hostPortEnd } = taken;
                const all = this.takeOthers(others.map((other) => ({ ...other, hostPort, hostPortEnd, pickFromRange: false })), attempt, heldBy, balance);
                undo.add(`all of ${formatMapping(taken)}`, () => attempt.run());
                return [taken, ...all];
            }
            catch (error) {
                void attempt.run();
                if (taken === undefined || !(error instanceof PortTakenError))
                    throw error;
                const more = spec.hostPort === 0 ? tries < MAX_PICKS : spec.pickFromRange && taken.hostPort < spec.hostPortEnd;
                if (!more)
                    throw error;
                if (spec.hostPort !== 0)
                    spec = { ...spec, hostPort: taken.hostPort + 1 };
            }
        }
    }
    /** Nobody named these: a range for whose second family there are no descriptors is served on the first, as long as somebody is told. */
    takeOthers(others, undo, heldBy, balance) {
        const attempt = new Undo();
        try {
            const taken = others.map((other) => this.takePorts(other, attempt, heldBy, balance));
            undo.add("the other families", () => attempt.run());
            return taken;
        }
        catch (error) {
            void attempt.run();
            if (!(error instanceof TsproxyError) || error.code !== "TSP_ERR_PORT_BIND" || error.kind !== "unavailable")
                throw error;
            log.warn(`${others.map((other) => formatMapping(other)).join(" and ")} is left out: ${error.describe()}`);
            return [];
        }
    }
    takePorts(spec, undo, heldBy, balance) {
        const { acceptFd } = this.steering;
        if (!this.canCarry(spec))
            throw this.noIpv6(spec);
        const reach = balance === undefined ? this.reach(spec, spec.targetIp) : undefined;
        const former = heldBy === undefined ? this.takeFormer(spec, acceptFd) : undefined;
        const held = former ?? (heldBy === undefined ? holdPorts(spec, this.zoneOf(spec), acceptFd) : takeOver(spec, heldBy, acceptFd));
        undo.add(`ports of ${formatMapping(spec)}`, () => {
            for (const fd of held.fds)
                closeSync(fd);
        });
        if (heldBy === undefined)
            this.keep(spec, held, former !== undefined, undo);
        const count = spec.pickFromRange ? 1 : Math.max(1, spec.hostPortEnd - spec.hostPort + 1);
        const first = held.firstPort;
        const last = first + count - 1;
        const proto = PROTOCOLS[spec.proto];
        const rule = {
            proto,
            hostIp: spec.hostIp,
            firstPort: first,
            lastPort: last,
            targets: reach === undefined ? balance.balancer.published : [targetOf(spec, reach)],
            selection: balance?.balancer.memory ?? null,
        };
        const id = this.nextRule++;
        this.workers.post({ type: "publish", id, rule });
        if (reach?.own === -1)
            this.rules.set(id, { spec, rule, reach });
        balance?.rules.add(id);
        undo.add(`rule of ${formatMapping(spec)}`, () => {
            this.rules.delete(id);
            balance?.rules.delete(id);
            this.workers.post({ type: "withdraw", id });
        });
        this.steering.publish(proto, spec.hostIp, first, last);
        undo.add(`steering of ${formatMapping(spec)}`, () => this.steering.withdraw(proto, spec.hostIp, first, last));
        const { pickFromRange: _, ...asked } = spec;
        return { ...asked, hostPort: first, hostPortEnd: last, targetPortEnd: spec.targetPort + count - 1 };
    }
    /** Interface index that a link-local address of the host belongs to; 0 for others. */
    zoneOf({ hostIp, hostZone }) {
        if (hostZone === undefined)
            return 0;
        const link = this.socket.link(hostZone);
        if (link !== null)
            return link.index;
        const message = `${hostAddressText({ hostIp, hostZone })} is not an address of this host: it has no interface '${hostZone}'`;
        throw new TsproxyError("TSP_ERR_HOST_ADDRESS", "not-found", message, "see 'ip address'");
    }
    noIpv6(spec) {
        const why = "packets of IPv6 are not served, as net.ipv6.conf of our devices cannot be written";
        const hint = "mount /proc/sys writable, use IPv4 addresses, or add --relay to relay by sockets";
        return new TsproxyError("TSP_ERR_TARGET", "unavailable", `cannot publish ${formatMapping(spec)}: ${why}`, hint);
    }
}
/** What the sockets of these ports are kept as; a colon may be in no name of systemd's. */
function nameOf({ proto, hostIp, hostZone = "" }, first, last) {
    return `port-${proto}-${formatIp(hostIp).replaceAll(":", "_")}-${hostZone}-${first}-${last}`;
}
/** The one target. */
function targetOf({ targetIp, targetPort }, { snatSource, network: onlink, own }) {
    return { id: 1, address: targetIp, port: targetPort, duty: TAKES, network: own, snatSource, onlink };
}
//# sourceMappingURL=publisher.js.map