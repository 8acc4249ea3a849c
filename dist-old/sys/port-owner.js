/**
 * Who holds a port of this network namespace, and the error for a port that cannot be bound.
 * Source: /proc/net/{tcp,udp}[6] (Documentation/networking/proc_net_tcp.rst) give the socket's inode, /proc/PID/fd who has
 * it open. A holder in another PID namespace, or of another user without privileges, stays unknown.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { endianness } from "node:os";
import { TsproxyError } from "../errors.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp, isUnspecified, toBytes } from "../wire/ip-address.js";
const TCP_LISTEN = "0A"; // include/net/tcp_states.h
const ANY_V6 = "0".repeat(32);
const MAPPED = `${"0".repeat(16)}${hex(Uint8Array.of(0, 0, 255, 255))}`; // the first three words of ::ffff:a.b.c.d
/** "nginx (pid 123)", or null when it cannot be known. `address`: 0.0.0.0 and :: stand for all of their family. */
export function portOwner(proto, address, port) {
    const inodes = [...socketInodes(proto, address, port)];
    return inodes.length === 0 ? null : holder(new Set(inodes.map((inode) => `socket:[${inode}]`)));
}
/** TSP_ERR_PORT_TAKEN for one port, for those who say it in other words. */
export class PortTakenError extends TsproxyError {
    constructor(proto, address, port, 
    /** "nginx (pid 123)", or null when it cannot be known. */
    owner, cause, hint = adviceOn(owner)) {
        const what = `host port ${addressPort(formatIp(address), port)}/${proto} is taken by ${owner ?? "another program"}`;
        super("TSP_ERR_PORT_TAKEN", "conflict", what, hint, cause);
        this.proto = proto;
        this.address = address;
        this.port = port;
        this.owner = owner;
    }
}
/** tsproxy itself is not to be stopped for one port; it is called so by `cli/main.ts`. */
function adviceOn(owner) {
    const pid = /^tsproxy \(pid (\d+)\)$/.exec(owner ?? "")?.[1];
    if (pid !== undefined)
        return `'tsproxy stats --pid ${pid}' says for whom; publish another host port`;
    return "stop it, or publish another host port";
}
/** The error for a bind that failed with errno `code` ("EADDRINUSE"): says who is in the way. `zone`: interface of a link-local address. */
export function bindError(proto, address, port, code, cause, zone) {
    const text = zone === undefined ? formatIp(address) : `${formatIp(address)}%${zone}`;
    const what = `${addressPort(text, port)}/${proto}`;
    // The kernel knows no such interface.
    switch (zone !== undefined && (code === "ENODEV" || code === "EINVAL") ? "EADDRNOTAVAIL" : code) {
        case "EADDRINUSE":
            return new PortTakenError(proto, address, port, portOwner(proto, address, port), cause);
        case "EADDRNOTAVAIL":
            return new TsproxyError("TSP_ERR_HOST_ADDRESS", "not-found", `${text} is not an address of this host`, "see 'ip address', or leave the host address out", cause);
        case "EACCES":
        case "EPERM":
            return new TsproxyError("TSP_ERR_PORT_BIND", "permission", `cannot bind host port ${what} (${code})`, "run as root, or grant CAP_NET_BIND_SERVICE for ports below 1024", cause);
        default:
            return new TsproxyError("TSP_ERR_PORT_BIND", "unavailable", `cannot bind host port ${what} (${code})`, undefined, cause);
    }
}
/** Inodes of the sockets that a bind of this address and port collides with. */
function* socketInodes(proto, address, port) {
    const isIpv4 = address.family === 4;
    const own = hex(toBytes(address));
    const mapped = `${MAPPED}${own}`; // ::ffff:a.b.c.d
    const any = isUnspecified(address);
    const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
    for (const file of isIpv4 ? [proto, `${proto}6`] : [`${proto}6`]) {
        for (const line of read(`/proc/net/${file}`).split("\n").slice(1)) {
            // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
            const [, local = "", , state, , , , , , inode = "0"] = line.trim().split(/\s+/);
            if (!local.endsWith(suffix) || (proto === "tcp" && state !== TCP_LISTEN))
                continue;
            const bound = local.slice(0, -suffix.length);
            const isAny = bound === "00000000" || bound === ANY_V6;
            const isOfFamily = isIpv4 ? bound.length === own.length : !bound.startsWith(MAPPED);
            if (isAny || bound === own || (isIpv4 && bound === mapped) || (any && isOfFamily))
                yield inode;
        }
    }
}
/** An address as /proc/net prints it: words in network order, each read as a host integer. */
function hex(address) {
    const bytes = Buffer.from(address);
    return (endianness() === "LE" ? bytes.swap32() : bytes).toString("hex").toUpperCase();
}
/** The first process that has one of the sockets open: a parent, mostly, when it was inherited. */
function holder(links) {
    const pids = list("/proc").filter((name) => /^\d+$/.test(name));
    for (const pid of pids.sort((a, b) => Number(a) - Number(b))) {
        if (!list(`/proc/${pid}/fd`).some((fd) => links.has(readLink(`/proc/${pid}/fd/${fd}`))))
            continue;
        return `${read(`/proc/${pid}/comm`).trim()} (pid ${pid})`;
    }
    return null;
}
// Processes come and go while we look, and some may not be looked at: what cannot be read is empty.
function read(path) {
    try {
        return readFileSync(path, "utf8");
    }
    catch {
        return "";
    }
}
function list(path) {
    try {
        return readdirSync(path);
    }
    catch {
        return [];
    }
}
function readLink(path) {
    try {
        return readlinkSync(path);
    }
    catch {
        return "";
    }
}
//# sourceMappingURL=port-owner.js.map