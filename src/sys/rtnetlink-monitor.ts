/** Tells of changes to the links, addresses, routes and neighbors of one network namespace. */
import fs from "node:fs";
import os from "node:os";
import { native, systemError } from "./native.js";
import { DatagramReader, NETLINK_ROUTE, type NetlinkMessage, parseMessages } from "./netlink.js";
import * as entries from "./rtnetlink-entries.js";

/**
 * RTMGRP_* of linux/rtnetlink.h; for settings the bits of RTNLGRP_IPV4_NETCONF (24) and RTNLGRP_IPV6_NETCONF (25), for rules those of
 * RTNLGRP_IPV4_RULE (8) and RTNLGRP_IPV6_RULE (19), for next hops that of RTNLGRP_NEXTHOP (32).
 */
export const GROUP_LINK = 0x1,
  GROUP_NEIGHBOR = 0x4,
  GROUP_IPV4_ADDRESS = 0x10,
  GROUP_IPV4_ROUTE = 0x40,
  GROUP_IPV4_RULE = 0x80,
  GROUP_IPV6_ADDRESS = 0x100;
export const GROUP_IPV6_ROUTE = 0x400,
  GROUP_IPV4_CONF = 1 << 23,
  GROUP_IPV6_RULE = 1 << 18,
  GROUP_IPV6_CONF = 1 << 24,
  GROUP_NEXTHOP = 2 ** 31;
const GROUPS = GROUP_LINK | GROUP_NEIGHBOR | GROUP_IPV4_ADDRESS | GROUP_IPV4_ROUTE | GROUP_IPV6_ADDRESS | GROUP_IPV6_ROUTE;
const MSG_DONTWAIT = 0x40;
const { EAGAIN, ENOBUFS } = os.constants.errno;

type Action = "new" | "delete";
export type RouteEvent =
  /**
   * "new" is any change too. A device that leaves the namespace is a "delete". `moved`: neighbors are to be told where it is now, as when a bond sends by
   * another of its devices, or a virtual machine runs on another host.
   */
  | { kind: "link"; action: Action; link: entries.Link; moved: boolean }
  | { kind: "address"; action: Action; address: entries.Address }
  | { kind: "route"; action: Action; route: entries.Route }
  | { kind: "neighbor"; action: Action; neighbor: entries.Neighbor }
  /** A setting of a device changed (net.ipv4.conf, net.ipv6.conf), by sysctl and not by netlink. */
  | { kind: "conf" }
  /** A routing rule, or a next hop that routes name, has come, changed or gone. */
  | { kind: "rule" | "nexthop" }
  /** Events were lost since the receive buffer was full: reread everything. */
  | { kind: "overrun" };

/** RTM_NEW… and RTM_DEL… are consecutive; links begin at 16, addresses at 20, routes at 24, neighbors at 28. */
function parseEvent(m: NetlinkMessage): RouteEvent | null {
  const action = (m.type & 3) === 0 ? "new" : (m.type & 3) === 1 ? "delete" : null;
  if (action === null) return null;
  switch (m.type & ~3) {
    case 16: {
      const link = entries.parseLink(m);
      return link && { kind: "link", action, link, moved: entries.linkMoved(m) };
    }
    case 20: {
      const address = entries.parseAddress(m);
      return address && { kind: "address", action, address };
    }
    case 24: {
      const route = entries.parseRoute(m);
      return route && { kind: "route", action, route };
    }
    case 28: {
      const neighbor = entries.parseNeighbor(m);
      return neighbor && { kind: "neighbor", action, neighbor };
    }
    case 32:
      return { kind: "rule" };
    case 80:
      return { kind: "conf" };
    case 104:
      return { kind: "nexthop" };
    default:
      return null;
  }
}

export class RouteMonitor {
  /** Readable (poll) when there are events. */
  readonly fd: number;
  private readonly reader: DatagramReader;

  /** Hears of what changes from now on in namespace `nsFd` (-1: the caller's); `groups`: GROUP_* bits. */
  constructor(nsFd = -1, groups = GROUPS) {
    this.fd = native.openNetlink(groups, nsFd, NETLINK_ROUTE);
    this.reader = new DatagramReader(this.fd);
  }

  /** The events since the last call, in order; does not wait. */
  drain(): RouteEvent[] {
    const events: RouteEvent[] = [];
    for (;;) {
      const datagram = this.reader.next(MSG_DONTWAIT);
      if (datagram === -EAGAIN) return events;
      if (datagram === -ENOBUFS) events.push({ kind: "overrun" });
      else if (typeof datagram === "number") throw systemError("recv(NETLINK_ROUTE)", datagram);
      else events.push(...parseMessages(datagram).flatMap((m) => parseEvent(m) ?? []));
    }
  }

  close(): void {
    fs.closeSync(this.fd);
  }
}
