/** Devices in a sandbox's network namespace: an endpoint's device, addressed and up, and the default route. */
import { closeSync, fstatSync, statSync } from "node:fs";
import type { SandboxCreate } from "../api/sandbox-types.js";
import { ENDPOINT_IPV6_CONF } from "../control/device-conf.js";
import { TsproxyError } from "../errors.js";
import { setIpv6Conf } from "../sys/ipv6-conf.js";
import { openNetns, sameNetns } from "../sys/netns.js";
import { RouteSocket, type RouteSpec } from "../sys/rtnetlink.js";
import { linkThere, settingUp } from "../sys/setting-up.js";
import { type IpAddress, parseIp, sameIp } from "../wire/ip-address.js";
import type { EndpointAddress } from "./endpoint-addresses.js";
import { HOST } from "./network-catalog.js";
import { startTimeOf } from "./process.js";
import type { SandboxRecord } from "./records.js";
import { sandboxError } from "./sandbox-errors.js";

const RT_TABLE_MAIN = 254;
const IFF_UP = 1; // linux/if.h

type Family = IpAddress["family"];

export interface DefaultRoute {
  device: string;
  /** Address of the family that the route is of. */
  gateway: string;
}

/** A device as a sandbox is to have it. */
export interface SandboxDevice {
  name: string;
  addresses: readonly Pick<EndpointAddress, "family" | "address" | "prefixLength">[];
}

/** A namespace, open as long as somebody sets it up. */
export class Namespace {
  private constructor(
    readonly fd: number,
    readonly path: string,
    private readonly socket: RouteSocket,
  ) {}

  /** Throws TSP_ERR_NETNS, or TSP_ERR_SANDBOX for the namespace that the daemon itself is in. `inode`: that it must have. */
  static open(spec: string, inode?: number): Namespace {
    const { fd, path } = openNetns(spec);
    try {
      if (inode !== undefined && fstatSync(fd).ino !== inode)
        throw new TsproxyError(
          "TSP_ERR_NETNS",
          "not-found",
          `network namespace '${spec}' is another one now`,
          "the one that was meant has ended",
        );
      if (sameNetns(fd, -1))
        throw new TsproxyError("TSP_ERR_SANDBOX", "invalid", `'${spec}' is the namespace of the host itself`, "name another namespace");
      return new Namespace(fd, path, new RouteSocket(fd));
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  get inode(): number {
    return fstatSync(this.fd).ino;
  }

  has(device: string): boolean {
    return this.socket.link(device) !== null;
  }

  hasAddress(device: string, address: string): boolean {
    const index = this.socket.link(device)?.index;
    return this.socket.addresses().some((each) => each.ifindex === index && sameIp(parseIp(each.address)!, parseIp(address)!));
  }

  hasDefaultRoute(of: Family = 4): boolean {
    const routes = this.socket.routes(RT_TABLE_MAIN);
    return routes.some(({ family, prefixLength, type }) => family === `ipv${of}` && prefixLength === 0 && type === "unicast");
  }

  /** The first of `eth0`, `eth1`, … that is free here. */
  freeName(prefix: string): string {
    for (let i = 0; ; i++) if (!this.has(`${prefix}${i}`)) return `${prefix}${i}`;
  }

  /** Sets up the device that was made here. Throws TSP_ERR_NO_DEVICE (not-found) when somebody has deleted it meanwhile. */
  setUpDevice(device: SandboxDevice): void {
    settingUp(
      device.name,
      () => this.has(device.name),
      () => this.setUp(device),
    );
  }

  private setUp({ name, addresses }: SandboxDevice): void {
    // Of a namespace that was just made it is down; without it a program does not reach itself, nor the names at 127.0.0.11.
    const loopback = this.socket.link("lo");
    if (loopback !== null && (loopback.flags & IFF_UP) === 0) this.socket.setLink(loopback.index, { up: true });
    const { index } = linkThere(this.socket, name);
    const hasIpv6 = addresses.some(({ family }) => family === 6);
    // Its link-local address is the one that comes of its MAC, which it is held to.
    this.socket.setLink(index, { addrGenMode: hasIpv6 ? "eui64" : "none" });
    if (hasIpv6 && !setIpv6Conf(name, ENDPOINT_IPV6_CONF, this.fd))
      throw sandboxError(
        "unavailable",
        `net.ipv6.conf of ${name} in '${this.path}' cannot be written`,
        "mount /proc/sys writable, or use a network with IPv4 alone",
      );
    for (const { address, prefixLength } of addresses) this.socket.addAddress(index, address, prefixLength);
    this.socket.setLink(index, { up: true });
  }

  /** Takes back the default route that was set before, and sets another of that family. False when there is somebody else's, which stays. */
  setDefaultRoute(before: DefaultRoute | undefined, after: DefaultRoute | undefined): boolean {
    const old = before === undefined ? undefined : this.routeBy(before);
    if (old !== undefined) this.socket.deleteRoute(old);
    const route = after === undefined ? undefined : this.routeBy(after);
    if (route === undefined) return true;
    if (this.hasDefaultRoute(familyOf(after!))) return false;
    const { device } = after!;
    settingUp(
      device,
      () => this.has(device),
      () => this.socket.addRoute(route),
    );
    return true;
  }

  private routeBy(route: DefaultRoute): RouteSpec | undefined {
    const oif = this.socket.link(route.device)?.index;
    const dst = familyOf(route) === 4 ? "0.0.0.0" : "::";
    return oif === undefined ? undefined : { dst, prefixLength: 0, gateway: route.gateway, oif };
  }

  close(): void {
    this.socket.close();
    closeSync(this.fd);
  }
}

function familyOf({ gateway }: DefaultRoute): Family {
  return parseIp(gateway)!.family;
}

/** Whether the path leads to that namespace still. What may not be looked at does. */
export function leadsTo(path: string, inode: number): boolean {
  try {
    return statSync(path).ino === inode;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code !== "ENOENT" && code !== "ENOTDIR" && code !== "ESRCH";
  }
}

/**
 * The namespace that a sandbox is to be in: that of `target`, or its own; undefined for the host's. Throws TSP_ERR_NETNS, or TSP_ERR_SANDBOX where
 * there is none.
 */
export function openNamespace(create: SandboxCreate, target: SandboxRecord | undefined, mode: string): Namespace | undefined {
  if (create.kind === "run" && (create.pid === undefined || startTimeOf(create.pid) === undefined))
    throw sandboxError(
      "not-found",
      `there is no process ${create.pid ?? ""} to give a network to`,
      "does the daemon see the same processes?",
    );
  if (mode === HOST || target?.mode === HOST) return undefined;
  const spec = target?.netns ?? (create.kind === "run" ? `/proc/${create.pid}/ns/net` : (create.netns ?? ""));
  if (spec === "") throw sandboxError("invalid", "there is no namespace to attach", "name one by --netns");
  if (spec.includes("/") && !spec.startsWith("/"))
    throw sandboxError("invalid", `namespace '${spec}' is no absolute path`, "the daemon may be in another folder: write the whole path");
  return Namespace.open(spec);
}
