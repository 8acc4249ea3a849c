/**
 * Who holds a port of this network namespace, and the error for a port that cannot be bound.
 * Source: /proc/net/{tcp,udp}[6] (Documentation/networking/proc_net_tcp.rst) give the socket's inode, /proc/PID/fd who has
 * it open. A holder in another PID namespace, or of another user without privileges, stays unknown.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { endianness } from "node:os";
import { TsproxyError } from "../errors.js";
import { addressPort } from "../wire/address-port.js";
import { parseIpv4 } from "../wire/ipv4-address.js";

type Proto = "tcp" | "udp";

const TCP_LISTEN = "0A"; // include/net/tcp_states.h
const ANY_V6 = "0".repeat(32);

/** "nginx (pid 123)", or null when it cannot be known. `address`: dotted IPv4, `0.0.0.0` for all. */
export function portOwner(proto: Proto, address: string, port: number): string | null {
  const inodes = [...socketInodes(proto, address, port)];
  return inodes.length === 0 ? null : holder(new Set(inodes.map((inode) => `socket:[${inode}]`)));
}

/** TSP_ERR_PORT_TAKEN for one port, for those who say it in other words. */
export class PortTakenError extends TsproxyError {
  constructor(
    readonly proto: Proto,
    readonly address: string,
    readonly port: number,
    /** "nginx (pid 123)", or null when it cannot be known. */
    readonly owner: string | null,
    cause?: unknown,
    hint = adviceOn(owner),
  ) {
    const what = `host port ${addressPort(address, port)}/${proto} is taken by ${owner ?? "another program"}`;
    super("TSP_ERR_PORT_TAKEN", "conflict", what, hint, cause);
  }
}

/** tsproxy itself is not to be stopped for one port; it is called so by `cli/main.ts`. */
function adviceOn(owner: string | null): string {
  const pid = /^tsproxy \(pid (\d+)\)$/.exec(owner ?? "")?.[1];
  if (pid !== undefined) return `'tsproxy stats --pid ${pid}' says for whom; publish another host port`;
  return "stop it, or publish another host port";
}

/** The error for a bind that failed with errno `code` ("EADDRINUSE"): says who is in the way. */
export function bindError(proto: Proto, address: string, port: number, code: string, cause?: unknown): TsproxyError {
  const what = `${addressPort(address, port)}/${proto}`;
  switch (code) {
    case "EADDRINUSE":
      return new PortTakenError(proto, address, port, portOwner(proto, address, port), cause);
    case "EADDRNOTAVAIL":
      return new TsproxyError(
        "TSP_ERR_HOST_ADDRESS",
        "not-found",
        `${address} is not an address of this host`,
        "see 'ip address', or leave the host address out",
        cause,
      );
    case "EACCES":
    case "EPERM":
      return new TsproxyError(
        "TSP_ERR_PORT_BIND",
        "permission",
        `cannot bind host port ${what} (${code})`,
        "run as root, or grant CAP_NET_BIND_SERVICE for ports below 1024",
        cause,
      );
    default:
      return new TsproxyError("TSP_ERR_PORT_BIND", "unavailable", `cannot bind host port ${what} (${code})`, undefined, cause);
  }
}

/** Inodes of the sockets that a bind of this address and port collides with. */
function* socketInodes(proto: Proto, address: string, port: number): Generator<string> {
  const v4 = hex(parseIpv4(address) ?? 0);
  const mapped = `${"0".repeat(16)}${hex(0xffff)}${v4}`; // ::ffff:a.b.c.d
  const any = address === "0.0.0.0";
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  for (const file of [proto, `${proto}6`]) {
    for (const line of read(`/proc/net/${file}`).split("\n").slice(1)) {
      // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …
      const [, local = "", , state, , , , , , inode = "0"] = line.trim().split(/\s+/);
      if (!local.endsWith(suffix) || (proto === "tcp" && state !== TCP_LISTEN)) continue;
      const bound = local.slice(0, -suffix.length);
      const isAny = bound === "00000000" || bound === ANY_V6;
      if (isAny || bound === v4 || bound === mapped || (any && bound.length === 8)) yield inode;
    }
  }
}

/** An address word as /proc/net prints it: network order, read as a host integer. */
function hex(address: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(address | 0);
  const word = endianness() === "LE" ? bytes.readUInt32LE() : bytes.readUInt32BE();
  return word.toString(16).toUpperCase().padStart(8, "0");
}

/** The first process that has one of the sockets open: a parent, mostly, when it was inherited. */
function holder(links: Set<string>): string | null {
  const pids = list("/proc").filter((name) => /^\d+$/.test(name));
  for (const pid of pids.sort((a, b) => Number(a) - Number(b))) {
    if (!list(`/proc/${pid}/fd`).some((fd) => links.has(readLink(`/proc/${pid}/fd/${fd}`)))) continue;
    return `${read(`/proc/${pid}/comm`).trim()} (pid ${pid})`;
  }
  return null;
}

// Processes come and go while we look, and some may not be looked at: what cannot be read is empty.

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
