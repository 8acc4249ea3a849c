/** TAP devices as ports of the dataplane: a queue a worker, a number, and the way back. */
import { closeSync } from "node:fs";
import { openTap } from "../../device/tap.js";
import { native } from "../../sys/native.js";
import { ENDPOINT, HOST, LAN } from "../../table/ports.js";
const KINDS = { host: HOST, endpoint: ENDPOINT, lan: LAN };
export class TapPorts {
    /** `steering`: whose program spreads new flows over a device's queues, and who is to know endpoints' addresses. */
    constructor(workers, numbers, steering, store) {
        this.workers = workers;
        this.numbers = numbers;
        this.steering = steering;
        this.store = store;
    }
    /** Whether a former process left the device of that name. */
    isKept(name) {
        return this.store?.has(`tap-${name}`) === true;
    }
    /**
     * Opens a device in namespace `nsFd` (-1: the host's). Throws as `openTap`. `keepAs`: name under which it is kept while the process is
     * restarted, which no other device has.
     */
    open(device, undo) {
        const { keepAs, ...options } = device;
        const kept = keepAs === undefined ? undefined : this.takeKept(`tap-${keepAs}`);
        const tap = openTap({ ...options, queues: this.workers.count, kept });
        undo.add(`device ${tap.name}`, () => tap.close());
        if (keepAs !== undefined) {
            if (kept === undefined)
                this.store?.put(`tap-${keepAs}`, tap.fds);
            undo.add(`keeping of ${tap.name}`, () => this.store?.remove(`tap-${keepAs}`));
        }
        // The kernel spreads datagrams of tunnels by their source ports.
        if (tap.fds.length > 1 && device.tunnels !== true)
            native.tapSteering(tap.fds[0], this.steering.queueFd);
        return tap;
    }
    /** With a queue for each worker, or not at all. */
    takeKept(name) {
        const fds = this.store?.take(name) ?? [];
        if (fds.length === 0)
            return undefined;
        if (fds.length === this.workers.count && fds.every((fd) => native.tapName(fd) !== ""))
            return fds;
        for (const fd of fds)
            closeSync(fd);
        this.store?.remove(name);
        return undefined;
    }
    /** Frames flow from now on. `onGone`: the device ended by itself, with its namespace. */
    attach(tap, { mac, addresses, network, device = 0, bandwidth, ...info }, undo, onGone) {
        const port = this.numbers.take(info, onGone);
        undo.add(`number of ${info.name}`, () => this.numbers.give(port));
        for (const address of addresses)
            if (address.family === 6)
                this.steering.setInside(port, address);
        this.workers.addPort({ port, kind: KINDS[info.kind], mac, addresses, network, device, bandwidth }, tap.fds);
        undo.add(`port ${info.name}`, () => this.workers.removePort(port));
    }
}
//# sourceMappingURL=tap-ports.js.map