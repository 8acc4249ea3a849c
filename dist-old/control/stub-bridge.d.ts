/**
 * Which of the host's kernel bridges are networks of containers or virtual machines on this host: Docker's, whatever they are called, and those
 * of libvirt, LXC, Podman and the like. They are networks beside our own, so endpoints reach what is on them by published ports alone, as
 * Docker isolates its networks from each other by FORWARD rules, which what we send does not pass.
 *
 * Such a bridge leads nowhere: no port of it is hardware or stands on some, and it is not the host's own way out. A bridge with a network card,
 * a bond or a VLAN in it is the LAN, and a host that is a container itself may have its LAN by a veth, but then its default route is there.
 */
import type { Link, Route } from "../sys/rtnetlink-entries.js";
export declare function isStubBridge(bridge: Link, links: readonly Link[], routes: readonly Route[]): boolean;
