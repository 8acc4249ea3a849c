/**
 * How programs get onto devices: by TCX links, which end with the process however it ends; on kernels before 6.6 by clsact filters called
 * `tsproxy-PID`, which `detach` removes, and `sweepStale` after a SIGKILL.
 */
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";
/** Filters of all instances share one priority; the kernel tells them apart by handle. */
const PRIORITY = 0x7450;
const DIRECTIONS = ["ingress", "egress"];
const FILTER_NAME = /^tsproxy-(\d+)(-qdisc)?$/;
export class Attacher {
    /** `useTcx`: where the kernel has it. Without it a route socket is needed. `store`: keeps links while the process is restarted. */
    constructor(routeSocket, useTcx, store) {
        this.routeSocket = routeSocket;
        this.useTcx = useTcx;
        this.store = store;
        /** Of the names of links in the store, which no other process has given. */
        this.series = randomBytes(6).toString("hex");
        this.links = 0;
    }
    /** `name`: of the filter where there is no TCX. */
    attach(ifindex, progFd, direction = "ingress", name = "tsproxy") {
        if (this.useTcx) {
            const linkFd = bpf.createTcxLink(progFd, ifindex, direction);
            if (linkFd !== null)
                return this.keep(linkFd);
            this.useTcx = false;
        }
        const socket = this.routeSocket;
        if (socket === undefined)
            throw new Error("without TCX steering needs a route socket");
        const madeQdisc = socket.addClsact(ifindex);
        try {
            socket.addBpfFilter(ifindex, direction, progFd, `${name}-${process.pid}${madeQdisc ? "-qdisc" : ""}`, PRIORITY);
        }
        catch (error) {
            if (madeQdisc)
                socket.deleteClsact(ifindex);
            throw error;
        }
        if (direction === "egress")
            return { mode: "clsact", detach: () => { } };
        return { mode: "clsact", detach: () => removeFilters(socket, ifindex, (pid) => pid === process.pid) };
    }
    keep(linkFd) {
        const name = `link-${this.series}-${this.links++}`;
        this.store?.put(name, [linkFd]);
        const detach = () => {
            fs.closeSync(linkFd);
            this.store?.remove(name);
        };
        return { mode: "tcx", detach };
    }
}
/**
 * Removes the device's tsproxy filters whose process id `match` accepts, and the clsact qdisc if such a process had made it and
 * nothing else uses it.
 */
function removeFilters(socket, ifindex, match) {
    let removed = 0;
    let madeQdisc = false;
    for (const direction of DIRECTIONS) {
        for (const { priority, handle, name } of socket.bpfFilters(ifindex, direction)) {
            const parts = FILTER_NAME.exec(name);
            if (parts === null || !match(Number(parts[1])))
                continue;
            socket.deleteBpfFilter(ifindex, priority, handle, direction);
            madeQdisc ||= parts[2] !== undefined;
            removed++;
        }
    }
    if (madeQdisc && DIRECTIONS.every((direction) => socket.bpfFilters(ifindex, direction).length === 0))
        socket.deleteClsact(ifindex);
    return removed;
}
/** Removes the clsact filters of tsproxy processes that are no more from these devices. Answers how many. */
export function sweepStale(socket, ifindices) {
    return ifindices.reduce((sum, ifindex) => sum + removeFilters(socket, ifindex, (pid) => !fs.existsSync(`/proc/${pid}`)), 0);
}
//# sourceMappingURL=attach.js.map