/**
 * The dataplane as the control side sees it: uplinks with their steering, workers, and on top of them networks, endpoints and published
 * ports, which come and go while it runs. Each `add…` and `publish` answers with how to undo it.
 */
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { HostGuard } from "../steer/host-guard.js";
import { RING_SIZE, Steering } from "../steer/steering.js";
import { FdStore } from "../sys/fd-store.js";
import { RouteSocket } from "../sys/rtnetlink.js";
import { UPLINK } from "../table/ports.js";
import { Adoption } from "./adoption.js";
import { FlowFiles } from "./flow-files.js";
import { Host } from "./host.js";
import { Ipsec } from "./ipsec.js";
import { Lans } from "./network/lans.js";
import { NetworkRegistry } from "./network/registry.js";
import { TapPorts } from "./network/tap-ports.js";
import { Tunnels, tunnelCounters } from "./network/tunnels.js";
import { PortNumbers } from "./port-numbers.js";
import { Publisher } from "./publisher.js";
import { Undo } from "./undo.js";
import { openUplinks } from "./uplink.js";
import { partOfTable, Workers } from "./workers.js";
export class Controller {
    constructor(undo, numbers, workers, steering, files, adoption, store, host, networks, publisher) {
        this.undo = undo;
        this.numbers = numbers;
        this.workers = workers;
        this.steering = steering;
        this.files = files;
        this.adoption = adoption;
        this.store = store;
        this.host = host;
        this.networks = networks;
        this.publisher = publisher;
    }
    /** Throws with everything undone: TSP_ERR_BPF or TSP_ERR_SYSCALL of kind permission where the kernel does not let us. */
    static async start(options, onDeath) {
        const undo = new Undo();
        let store;
        try {
            const { masqueradePorts, workers: count, conntrackMax, timeouts, offload, limits } = options;
            const socket = new RouteSocket();
            undo.add("route socket", () => socket.close());
            const { continuity } = options;
            store = continuity?.role === "daemon" ? FdStore.open(continuity.dir) : undefined;
            const { uplinks, areFormer } = openUplinks(count, socket, undo, store);
            const indices = uplinks.map((uplink) => uplink.ifindex);
            const bypass = options.firewall === "bypass";
            const hasIpsec = Ipsec.isThere();
            const files = continuity === undefined ? undefined : new FlowFiles(continuity.dir, continuity.role, count, partOfTable(conntrackMax, count));
            undo.add("files of flows", () => files?.close());
            const steering = new Steering({
                uplinks: indices,
                flowCapacity: conntrackMax,
                offload,
                bypass,
                ipsec: hasIpsec,
                ipv6: uplinks.every(({ ipv6 }) => ipv6),
                routeSocket: socket,
                store,
                sameUplinks: areFormer,
            });
            undo.add("steering", () => steering.close());
            const numbers = new PortNumbers();
            let host;
            let ipsec;
            let dead = false;
            // Without it nothing is served, whoever is to blame: better to end, and to be started anew.
            const uplinkGone = () => {
                if (dead)
                    return;
                dead = true;
                const names = uplinks.map(({ name }) => name).join(", ");
                onDeath(new TsproxyError("TSP_ERR_NO_DEVICE", "not-found", `${names}: the device was deleted by somebody else`, "start tsproxy again"));
            };
            const workers = new Workers({
                workers: count,
                conntrackMax,
                timeouts,
                masqueradeFirst: masqueradePorts.first,
                masqueradeLast: masqueradePorts.last,
                offload,
                bypass,
                limits,
                files,
            }, {
                portGone: (port, errno) => {
                    const { name = `port ${port}`, kind } = numbers.info(port) ?? {};
                    if (kind === "uplink")
                        return uplinkGone();
                    workers.post({ type: "remove-port", port });
                    if (!numbers.onGone(port))
                        log.warn(`${name} is gone (errno ${errno}): its namespace ended`);
                },
                readable: () => {
                    host?.onReadable();
                    ipsec?.onReadable();
                },
                onDeath,
            });
            undo.add("workers", () => workers.stop());
            workers.post({
                type: "allow",
                prefixes: options.allowFrom,
            });
            // The same number in every worker, behind which each has a device of its own.
            const port = numbers.take({ name: uplinks.map(({ name }) => name).join(","), kind: "uplink" });
            for (const [i, { fd, mac, ifindex }] of uplinks.entries()) {
                workers.postTo(i, {
                    type: "steering",
                    flowsFd: steering.flowsFd,
                    flows6Fd: steering.ipv6 ? steering.flows6Fd : -1,
                    acrossFd: steering.ipv6 ? steering.acrossFd : -1,
                    uplinkDevice: ifindex,
                    isNew: steering.flowsAreNew,
                });
                workers.postTo(i, { type: "add-port", port, kind: UPLINK, mac, addresses: [], network: 0, device: 0, fd });
            }
            undo.add("uplink port", () => workers.removePort(port));
            if (!bypass) {
                const held = numbers.take({ name: "held ports", kind: "held" });
                for (const [i, fd] of steering.ringFds.entries())
                    workers.postTo(i, { type: "add-held", port: held, fd, size: RING_SIZE });
                undo.add("held ports", () => workers.removePort(held));
            }
            host = new Host(socket, workers, steering, indices, uplinkGone);
            undo.add("host monitor", () => host?.close());
            if (hasIpsec)
                ipsec = Ipsec.watch(workers, steering);
            undo.add("IPsec monitor", () => ipsec?.close());
            const guard = new HostGuard(steering);
            undo.add("host guard", () => guard.close());
            const taps = new TapPorts(workers, numbers, steering, store);
            const tunnels = new Tunnels({ socket, workers, host, steering, numbers, taps });
            const lans = new Lans({ socket, host, steering, taps });
            const networks = new NetworkRegistry({ socket, workers, host, guard, taps, numbers, tunnels, lans, fail: onDeath });
            const adoption = new Adoption(workers, files);
            undo.add("adoption", () => adoption.close());
            const publisher = new Publisher(socket, host, workers, steering, networks, store);
            undo.add("networks", () => networks.close());
            undo.add("published ports", () => publisher.close());
            await workers.ready();
            return new Controller(undo, numbers, workers, steering, files, adoption, store, host, networks, publisher);
        }
        catch (error) {
            store?.abandon();
            await undo.run();
            throw error;
        }
    }
    /** Resolves once all that was asked for so far is in force. */
    settled() {
        return this.workers.settled();
    }
    /**
     * What is remembered of a former process is there again: its flows go on, as far as what they need is there, and what else it left ends. `all`:
     * nothing more will come.
     */
    async takeUp(all) {
        await this.adoption.begin(all);
        this.store?.releaseRest();
    }
    /** Something was made that flows of a former process may wait for. */
    takeUpMore() {
        this.adoption.soon();
    }
    /** Undoes what is left of ports and networks, then the rest. Flows end with the workers first, so what is kept of them stays as it is. */
    async stop() {
        this.store?.end();
        this.adoption.close();
        await this.workers.stop();
        if (this.workers.held > 0)
            this.files?.leave();
        await this.undo.run();
    }
    flows() {
        return this.workers.flows();
    }
    /** Ends flows; answers how many. */
    endFlows(filter) {
        return this.workers.endFlows(filter);
    }
    async fdb() {
        return (await this.workers.fdb()).map((row) => ({ ...row, name: this.numbers.info(row.port)?.name ?? "" }));
    }
    holders() {
        return this.workers.holders();
    }
    nodes() {
        return this.workers.nodes();
    }
    summary() {
        return this.workers.summary();
    }
    portStats() {
        const countersOf = ({ port, kind }) => {
            const counters = this.workers.counters(port);
            return kind === "tunnel" ? tunnelCounters(counters) : counters;
        };
        return this.numbers.all().map((info) => ({ ...info, ...countersOf(info) }));
    }
    steeringStats() {
        return this.steering.stats();
    }
}
//# sourceMappingURL=controller.js.map