/** A network whose endpoints stand on a LAN, in an engine in memory: two of ours, and a peer on the LAN. */
import { LAN } from "../../src/table/ports.js";
import { Dataplane } from "./dataplane.js";
import { endpointOn } from "./host.js";
import * as p from "./packets.js";

export const NETWORK = 1;
/** Ports of the engine: the LAN's, and the endpoints'. */
export const [PORT, A, B] = [10, 11, 12];
export const MAC_PARENT = "02:00:00:00:01:01",
  MAC_A = "02:42:c0:00:02:80",
  MAC_B = "02:42:c0:00:02:81",
  MAC_PEER = "02:00:00:00:09:09";
export const IP_A = "192.0.2.128",
  IP_B = "192.0.2.129",
  PEER = "192.0.2.10";
/** Interface indices of the parent, and of the ends of the endpoints' pairs. */
export const [PARENT, END_A, END_B] = [70, 71, 72];

/** Endpoints on TAPs, of which nothing can be carried. */
export function lan(flags = 0): Dataplane {
  return withNetwork(new Dataplane(), flags, 0, 0);
}

/** Both endpoints on veth pairs unless said otherwise, on a parent that frames can be carried from and to. */
export function carriedLan(flags = 0, { endB = END_B, parent = PARENT, vlan = 0, offload = true } = {}): Dataplane {
  const d = new Dataplane({ offload });
  d.say({ type: "station-pairs", fd: 9 });
  withNetwork(d, flags, END_A, endB);
  d.say({ type: "parent-mac", network: NETWORK, mac: p.macBytes(MAC_PARENT), device: parent, vlan });
  return d;
}

function withNetwork(d: Dataplane, flags: number, endA: number, endB: number): Dataplane {
  d.say({ type: "add-network", network: NETWORK, subnets: [], flags });
  d.addPort(PORT, LAN, MAC_PARENT, undefined, NETWORK);
  d.say(endpointOn(endA, A, MAC_A, IP_A, NETWORK), endpointOn(endB, B, MAC_B, IP_B, NETWORK));
  return d;
}

/** A datagram from one to the other. */
export function datagram(src: string, ip: string, dst: string, to: string): Uint8Array {
  return p.frame(dst, src, p.udp({ src: ip, dst: to }, { sport: 5000, dport: 5001 }));
}
