/**
 * The targets of one published mapping that may have several: which there are, and which of them take new flows. What goes where the workers decide,
 * flow by flow (`dataplane/choose-target.ts`); this tells them the duty of each target.
 *
 * - A target takes new flows until a check finds it down (`health.ts`). With one target alone none is checked: there would be no other.
 * - One that is drained, or withdrawn, takes none. What it has goes on until it ends, or until the time for that is over.
 * - One that is down takes none either. Its established connections are its own affair: it may only be slow. What would lose nothing goes elsewhere
 *   with its next packet (`engine/rules.ts`).
 */
import { randomInt } from "node:crypto";
import { log } from "../log.js";
import { DOWN, DRAINS, OUT, Selection, selectionMemory, TAKES } from "../table/selection.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp, sameIp, toBytes } from "../wire/ip-address.js";
/** Most targets of one mapping: each new flow and each change of one looks at all. */
export const MAX_TARGETS = 64;
const DUTIES = { up: TAKES, draining: DRAINS, down: DOWN, drained: OUT };
export class Balancer {
    /** Throws TSP_ERR_TARGET where one cannot be reached. */
    constructor(targets, proto, options, checks, hooks) {
        this.proto = proto;
        this.options = options;
        this.checks = checks;
        this.hooks = hooks;
        /** Of events; known once it is published. */
        this.hostPort = 0;
        this.entries = [];
        this.nextId = 1;
        this.memory = selectionMemory(options.affinitySec, randomInt(0x7fffffff));
        this.selection = new Selection(this.memory);
        this.entries = targets.map((target) => this.entry(target));
    }
    get targets() {
        return this.entries.filter(({ leaving }) => !leaving).map(({ ip, port }) => ({ ip, port }));
    }
    get published() {
        return this.entries.map((entry) => {
            const { snatSource, network: onlink, own: network } = entry.reach;
            return { id: entry.id, address: entry.ip, port: entry.port, duty: DUTIES[stateOf(entry)], network, snatSource, onlink };
        });
    }
    /** What a worker would choose, for who forwards without one. */
    choose(client) {
        const takers = this.entries.filter((entry) => stateOf(entry) === "up");
        if (takers.length === 0)
            return null;
        const bytes = toBytes(client);
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        const word = client.family === 4 ? view.getInt32(0, true) : this.selection.clientOfIpv6(view.getInt32(0, true), view.getInt32(4, true));
        const { ip, port } = takers[this.selection.pick(word, takers, Math.floor(performance.now() / 1000))];
        return { ip, port };
    }
    status() {
        return this.entries.map(statusOf);
    }
    /** Begins to look after their health. */
    start(hostPort) {
        this.hostPort = hostPort;
        this.watchAll();
    }
    /**
     * These are the targets now. Those that are missing are withdrawn: what they have goes on for `drainMsOf` at most, also if they were withdrawn before.
     * Throws as the constructor.
     */
    set(targets, drainMsOf) {
        const come = targets.filter((target) => !this.entries.some((entry) => isSame(entry, target))).map((target) => this.entry(target));
        this.entries.push(...come);
        const before = this.entries.map(({ id, leaving }) => `${id}${leaving}`).join();
        for (const entry of this.entries) {
            const isWanted = come.includes(entry) || targets.some((target) => isSame(entry, target));
            if (isWanted && entry.leaving)
                this.turn(entry, "up");
            else if (!isWanted)
                this.withdraw(entry, drainMsOf(entry));
        }
        if (come.length === 0 && this.entries.map(({ id, leaving }) => `${id}${leaving}`).join() === before)
            return;
        this.watchAll();
        this.post();
    }
    /** Takes those that `isMeant` means out of service, or back into it. Answers how many there are. One that is being drained has another time then. */
    drain(isMeant, drainMs) {
        return this.change(isMeant, (entry) => {
            if (entry.asked !== "drained")
                this.beginDrain(entry, drainMs);
        });
    }
    resume(isMeant) {
        return this.change(isMeant, (entry) => {
            if (entry.asked !== "up")
                this.turn(entry, "up");
        });
    }
    /** The host has changed, and with it perhaps the way to some: `reachOf` answers it, null while there is none. */
    revise(reachOf) {
        let changed = false;
        for (const entry of this.entries) {
            if (entry.reach.own !== -1)
                continue;
            const next = reachOf(entry.ip);
            if (next === null || sameReach(next, entry.reach))
                continue;
            entry.reach = next;
            changed = true;
        }
        if (changed)
            this.post();
    }
    close() {
        for (const entry of this.entries)
            this.forget(entry);
        this.entries = [];
    }
    entry({ ip, port }) {
        const reach = this.hooks.reach(ip);
        return { id: this.nextId++, ip, port, reach, watch: undefined, asked: "up", leaving: false, timer: undefined };
    }
    change(isMeant, action) {
        const meant = this.entries.filter((entry) => !entry.leaving && isMeant(entry));
        for (const entry of meant)
            action(entry);
        if (meant.length > 0)
            this.post();
        return meant.length;
    }
    withdraw(entry, drainMs) {
        if (entry.asked === "drained" || drainMs === 0)
            this.remove(entry);
        else if (!entry.leaving)
            this.beginDrain(entry, drainMs);
        entry.leaving = true;
    }
    beginDrain(entry, drainMs) {
        this.turn(entry, drainMs > 0 ? "draining" : "drained");
        if (drainMs <= 0)
            return;
        entry.timer = setTimeout(() => {
            if (entry.leaving)
                this.remove(entry);
            else
                this.turn(entry, "drained");
            this.post();
        }, drainMs).unref();
    }
    turn(entry, asked) {
        clearTimeout(entry.timer);
        if (asked === "up")
            entry.leaving = false;
        entry.asked = asked;
        this.tell(entry, "");
    }
    remove(entry) {
        this.forget(entry);
        this.entries = this.entries.filter((other) => other !== entry);
    }
    forget(entry) {
        clearTimeout(entry.timer);
        entry.watch?.stop();
        entry.watch = undefined;
    }
    watchAll() {
        const { check } = this.options;
        const port = check?.port ?? (this.proto === "tcp" ? undefined : null);
        const isOn = check !== null && port !== null && this.targets.length > 1;
        for (const entry of this.entries) {
            if (!isOn || entry.leaving) {
                entry.watch?.stop();
                entry.watch = undefined;
            }
            else
                entry.watch ??= this.checks.watch(entry.ip, port ?? entry.port, check, (up, why) => {
                    this.tell(entry, up ? "" : why);
                    this.post();
                });
        }
    }
    post() {
        this.hooks.post(this.published);
    }
    tell(entry, reason) {
        const status = statusOf(entry);
        const name = `${addressPort(formatIp(entry.ip), entry.port)}/${this.proto}`;
        const taking = this.entries.filter((other) => stateOf(other) === "up").length;
        const text = `port ${this.hostPort}: target ${name} is ${status.state}${reason === "" ? "" : ` (${reason})`}, ${taking} of ${this.entries.length} take new connections`;
        if (entry.asked === "up")
            log.warn(text);
        else
            log.info(text);
        this.hooks.onEvent({ ...status, proto: this.proto, hostPort: this.hostPort, reason });
    }
}
function stateOf({ asked, watch }) {
    return asked === "drained" || watch?.up !== false ? asked : "down";
}
function statusOf(entry) {
    return { ip: entry.ip, port: entry.port, state: stateOf(entry), checked: entry.watch !== undefined };
}
function isSame(a, b) {
    return a.port === b.port && sameIp(a.ip, b.ip);
}
export function sameReach(a, b) {
    return (a.own === b.own &&
        sameIp(a.snatSource, b.snatSource) &&
        sameIp(a.network.address, b.network.address) &&
        a.network.prefixLength === b.network.prefixLength);
}
//# sourceMappingURL=balancer.js.map