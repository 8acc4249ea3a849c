/**
 * Where the kernel has no SCTP sockets: one raw socket a family, open while ports are published, whose filter gives the engine what is for them
 * (`acceptRawProgram`). While it is there the kernel answers no SCTP packet with "protocol unreachable".
 */
import fs from "node:fs";
import { native, systemError } from "../sys/native.js";
import { familyNumber } from "../sys/rtnetlink-entries.js";
import { toBytes } from "../wire/ip-address.js";
import { PROTO_SCTP } from "../wire/ipv4.js";
/** linux/net.h */
const SOCK_RAW = 3;
export class RawSctp {
    /** `filter`: descriptor of the program for a family. */
    constructor(filter) {
        this.filter = filter;
        this.sockets = new Map();
        this.ports = new Map();
    }
    /** `count` more ports are published at an address. Where the kernel has SCTP sockets, these do it. */
    add(host, count) {
        if (native.hasSctp())
            return;
        if (!this.sockets.has(host.family))
            this.open(host);
        this.ports.set(host.family, (this.ports.get(host.family) ?? 0) + count);
    }
    /** The opposite of `add`. */
    remove({ family }, count) {
        const left = (this.ports.get(family) ?? 0) - count;
        this.ports.set(family, left);
        const fd = this.sockets.get(family);
        if (left > 0 || fd === undefined)
            return;
        this.sockets.delete(family);
        fs.closeSync(fd);
    }
    close() {
        for (const fd of this.sockets.values())
            fs.closeSync(fd);
        this.sockets.clear();
    }
    open(host) {
        const fd = native.socket(familyNumber(toBytes(host)), SOCK_RAW, PROTO_SCTP, -1);
        const errno = native.setFilter(fd, this.filter(host.family));
        if (errno !== 0) {
            fs.closeSync(fd);
            throw systemError("putting a filter on the raw socket for SCTP", errno);
        }
        this.sockets.set(host.family, fd);
    }
}
//# sourceMappingURL=raw-sctp.js.map