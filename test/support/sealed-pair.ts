/**
 * Two nodes of an encrypted network in memory, each an engine with keys of its own, and a third that knows no keys: what one writes to its tunnels' device
 * the other one gets, as it is.
 *
 *   E 10.9.0.4 --- node A, 192.0.2.1 ===underlay=== node B, 192.0.2.2 --- R 10.9.0.5
 */
import { KeyRing, type NodeKeys } from "../../src/control/network/key-ring.js";
import { PacketMemory } from "../../src/mem/packet-memory.js";
import type { Sealer } from "../../src/mem/sealer.js";
import { ENDPOINT, HOST } from "../../src/table/ports.js";
import { CryptoSealer } from "./crypto-sealer.js";
import { addPort, Dataplane, ip, subnet } from "./dataplane.js";
import {
  E,
  GATE,
  IP_E,
  IP_GATE,
  IP_R,
  MAC_E,
  MAC_GATE,
  MAC_R,
  MTU,
  OTHERS,
  OVERLAY,
  remote,
  TUNNEL,
  TUNNEL_DEVICE,
  V4,
  VNI,
  WIDE,
} from "./overlay.js";
import * as p from "./packets.js";

export interface NodeOptions {
  aes?: boolean;
  datagrams?: boolean;
  checksum?: boolean;
  workers?: number;
  worker?: number;
  sealer?: (memory: PacketMemory) => Sealer;
  /** Milliseconds that the keys are told the time by. */
  now?: () => number;
}

export class SealedNode {
  readonly d: Dataplane;
  readonly ring: KeyRing;

  /** `local` and `mac`, `address` of its endpoint, which is at port E. */
  constructor(
    readonly local: string,
    readonly mac: string,
    readonly address: string,
    { aes = true, datagrams = true, checksum = false, workers = 1, worker = 0, sealer, now = () => 0 }: NodeOptions = {},
  ) {
    const memory = new PacketMemory();
    this.d = new Dataplane({ bypass: false, workers, worker, sealer: sealer?.(memory) ?? new CryptoSealer(memory) }, [], memory);
    this.ring = new KeyRing({ workers, aes, post: (message) => this.d.say(message) }, now);
    this.d.say(
      { type: "add-tunnel", port: TUNNEL, fd: -1, mac: p.macBytes("02:00:00:00:00:21"), device: TUNNEL_DEVICE, address: ip(local), udpPort: 4789, checksum, segments: true, datagrams }, // biome-ignore format: one message
      {
        type: "add-network",
        network: OVERLAY,
        subnets: [subnet("10.9.0.0/16", IP_GATE)],
        flags: 0,
        overlay: { port: OTHERS, vni: VNI, mtu: MTU, encrypted: true },
      },
      addPort(GATE, HOST, MAC_GATE, IP_GATE, OVERLAY),
      addPort(E, ENDPOINT, mac, address, OVERLAY),
    );
  }

  /** Who is behind the other one, and its keys, if it has told any. */
  know(other: SealedNode, keys: NodeKeys | undefined = other.ring.published): void {
    this.d.say(remote(other.mac, other.address, other.local));
    this.ring.setPeer(ip(other.local), keys);
  }

  /** What the endpoint sends, as it is written to the tunnels' device. */
  send(frame: Uint8Array): Uint8Array[] {
    return this.d.send(E, frame).filter(({ port }) => port === TUNNEL).map(({ bytes }) => bytes); // biome-ignore format: short
  }

  /** What the endpoint gets of that. */
  receive(...written: Uint8Array[]): Uint8Array[] {
    for (const bytes of written) this.d.io.put(TUNNEL, bytes);
    return this.d.run().filter(({ port }) => port === E).map(({ bytes }) => bytes); // biome-ignore format: short
  }
}

export interface Nodes {
  a: SealedNode;
  b: SealedNode;
}

export function sealedPair(a: NodeOptions = {}, b: NodeOptions = {}, underlay = V4): Nodes {
  const nodes = { a: new SealedNode(underlay.local, MAC_E, IP_E, a), b: new SealedNode(underlay.node, MAC_R, IP_R, b) };
  nodes.a.know(nodes.b);
  nodes.b.know(nodes.a);
  return nodes;
}

/** Where the UDP payload of what was written begins. */
export const PAYLOAD = WIDE + 14 + 20 + 8;

/** The sealed datagrams in what was written. */
export function datagrams(written: Uint8Array): Uint8Array[] {
  const payload = written.subarray(PAYLOAD);
  const size = written[1] === 5 ? written[4]! | (written[5]! << 8) : payload.length;
  const out: Uint8Array[] = [];
  for (let at = 0; at < payload.length; at += size) out.push(payload.subarray(at, at + size));
  return out;
}
