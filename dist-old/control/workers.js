/**
 * All worker threads, used as if there were one. A message goes to every worker; a question too, and the answers are put together.
 *
 * A port has the same number in every worker. Behind a bridge port's number is one device, with a queue for each worker; behind the uplink's
 * number each worker has a device of its own.
 */
import { dropsOf, ROW, RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from "../engine/counters.js";
import { createBuckets } from "../table/bandwidth.js";
import { partOf } from "./limits.js";
import { WorkerLink } from "./worker-link.js";
/** Flows of one worker of several. */
export function partOfTable(conntrackMax, workers) {
    return Math.ceil(conntrackMax / workers);
}
export class Workers {
    constructor(options, hooks) {
        this.gone = new Set();
        const { workers, files, ...rest } = options;
        const buckets = createBuckets();
        const portGone = (port, errno) => {
            if (this.gone.has(port))
                return;
            this.gone.add(port);
            hooks.portGone(port, errno);
        };
        this.links = Array.from({ length: workers }, (_, worker) => new WorkerLink({
            ...rest,
            buckets,
            workers,
            worker,
            conntrackMax: partOfTable(rest.conntrackMax, workers),
            limits: partOf(rest.limits, workers),
            flowFile: files?.fds[worker] ?? -1,
            owner: files?.owner,
            former: files?.former ?? [],
        }, { ...hooks, portGone }));
    }
    get count() {
        return this.links.length;
    }
    /** To every worker. */
    post(message) {
        for (const link of this.links)
            link.post(message);
    }
    /** Says when `fd` becomes readable, by the hook. */
    watch(fd) {
        this.links[0].post({ type: "watch", fd });
    }
    /** `fds`: one a worker. */
    addPort(port, fds) {
        this.gone.delete(port.port);
        for (const [i, link] of this.links.entries())
            link.post({ type: "add-port", ...port, fd: fds[i] });
    }
    /** `fds`: one a worker. */
    addTunnel(tunnel, fds) {
        this.gone.delete(tunnel.port);
        for (const [i, link] of this.links.entries())
            link.post({ type: "add-tunnel", ...tunnel, fd: fds[i] });
    }
    /** To one worker: of the devices behind a port number that all share it has one of its own. */
    postTo(worker, message) {
        this.links[worker].post(message);
    }
    /** Stops a port and waits until the workers have let go of its descriptors, which may then be closed. */
    async removePort(port) {
        this.post({ type: "remove-port", port });
        await this.settled();
    }
    async ready() {
        await Promise.all(this.links.map((link) => link.ready));
    }
    /** Resolves once all that was posted before has been carried out. */
    async settled() {
        await Promise.all(this.links.map((link) => link.settled()));
    }
    async stop() {
        await Promise.all(this.links.map((link) => link.stop()));
    }
    /** Of flows that both ends kept up, how many there were when the workers stopped. */
    get held() {
        return this.links.reduce((sum, link) => sum + link.held, 0);
    }
    /** Takes up flows of former processes; `last`: what waits still is given up. */
    async adopt(last) {
        const sum = { taken: 0, left: 0, lost: 0 };
        for (const one of await Promise.all(this.links.map((link) => link.ask((id) => ({ type: "adopt", id, last })))))
            for (const key of Object.keys(sum))
                sum[key] += one?.[key] ?? 0;
        return sum;
    }
    async flows() {
        return (await this.ask("flows")).flat();
    }
    /** An address that several workers have seen is there once, as the one who saw it last knows it. */
    async fdb() {
        const rows = (await this.ask("fdb")).flat().sort((a, b) => a.ageSec - b.ageSec);
        return rows.filter((row, i) => rows.findIndex((other) => other.mac === row.mac && other.port === row.port) === i);
    }
    async summary() {
        const sum = { active: 0, capacity: 0, created: 0, expired: 0, refused: 0, evicted: 0 };
        for (const one of await this.ask("summary"))
            for (const key of Object.keys(sum))
                sum[key] += one[key];
        return sum;
    }
    /** Ends flows; answers how many. */
    async endFlows({ client, port = 0 }) {
        const ended = this.links.map((link) => link.ask((id) => ({ type: "end-flows", id, client: client ?? null, port })));
        return (await Promise.all(ended)).reduce((sum, count) => sum + (count ?? 0), 0);
    }
    /** Other nodes of overlay networks, what was exchanged with each summed over the workers. */
    async nodes() {
        const all = new Map();
        for (const row of (await this.ask("nodes")).flat()) {
            const sum = all.get(row.address);
            if (sum === undefined)
                all.set(row.address, { ...row });
            else
                for (const key of ["rxPackets", "rxBytes", "txPackets", "txBytes", "refused"])
                    sum[key] += row[key];
        }
        return [...all.values()];
    }
    /** Of each kind those that have most flows in all workers together. */
    async holders() {
        const all = new Map();
        for (const row of (await this.ask("holders")).flat()) {
            const other = all.get(`${row.kind} ${row.name}`);
            const sum = { ...row, flows: row.flows + (other?.flows ?? 0), limited: row.limited || (other?.limited ?? false) };
            all.set(`${row.kind} ${row.name}`, sum);
        }
        return [...all.values()].sort((a, b) => a.kind.localeCompare(b.kind) || b.flows - a.flows);
    }
    counters(port) {
        const sum = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0, drops: {} };
        const at = port * ROW;
        for (const { counters } of this.links) {
            sum.rxPackets += counters[at + RX_PACKETS];
            sum.rxBytes += counters[at + RX_BYTES];
            sum.txPackets += counters[at + TX_PACKETS];
            sum.txBytes += counters[at + TX_BYTES];
            for (const [name, n] of Object.entries(dropsOf(counters, port)))
                sum.drops[name] = (sum.drops[name] ?? 0) + n;
        }
        return sum;
    }
    /** Answers of all workers that live. */
    async ask(what) {
        return (await Promise.all(this.links.map((link) => link.query(what)))).filter((answer) => answer !== undefined);
    }
}
//# sourceMappingURL=workers.js.map