/**
 * What carries frames that the host itself sends to endpoints on veth pairs, by the address that they have: from the egress of the host's device in the network, a
 * TAP of the engine's, to the pair's end, which hands them to the endpoint. It asks `station_pairs` as the programs of endpoints do (pair-program.ts), so the engine
 * has forwarded such a frame before, and takes pairs back. As the engine's source guard it lets through what has an address of the host, and nothing that the host
 * only forwards. The host's own firewall and its tc programs have seen the frame: this program comes last.
 */
import fs from "node:fs";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import * as bpf from "../sys/bpf.js";
import { V6 } from "./family.js";
import { type HostFlowMapFds, noteHostFlow } from "./host-flow-program.js";
import { IP, PairProgram, PLACE } from "./pair-program.js";
import { SKB_VLAN_PRESENT, TC_ACT_UNSPEC } from "./program.js";

/** Stack: a frame's header. */
const FRAME = -32,
  HEADER = 14,
  SRC = 6;

/** The host's device in a network. */
export interface HostDevice {
  /** Number of the network, and of the device's port, in the engine. */
  network: number;
  port: number;
  ifindex: number;
  mac: Uint8Array;
  /** Of the engine. */
  workers: number;
}

export function fromHostProgram(maps: HostFlowMapFds, { network, port, mac, workers }: Omit<HostDevice, "ifindex">): Uint8Array {
  const p = new PairProgram(maps);
  p.load("u32", "r0", "r6", SKB_VLAN_PRESENT).jumpIf("r0", "!=", 0, "next").loadBytes(0, FRAME, HEADER, "next");
  p.zero(IP, V6.ipSize); // without CAP_PERFMON the verifier follows each jump about the family both ways
  p.unlessUnicast(FRAME, "next").unlessPlain(FRAME, null, "next").unlessHosts(FRAME, "next").pair(FRAME, network, "no pair");
  p.jump("looked up").label("no pair").mov("r9", 0).label("looked up");
  // The stamp is in the source MAC, of which the engine makes that of its port again.
  const ofDevice = (): void => {
    for (let i = 0; i < 6; i += 2) p.load("u16", "r0", "r10", FRAME + SRC + i).jumpIf("r0", "!=", mac[i]! | (mac[i + 1]! << 8), "next");
    p.store("u32", "r10", PLACE, port);
  };
  p.keepDatagrams(FRAME, { workers }, ofDevice, "next");
  noteHostFlow(p, FRAME, IP);
  p.countFrom().intoEndpoint("egress");
  return p.label("next").answer(TC_ACT_UNSPEC).assemble();
}

export class HostCarry {
  /** By network: descriptors of the program's links; null: the kernel has no TCX, and is not asked again for each endpoint. */
  private readonly links = new Map<number, number | null>();

  /** What the host sends by that device, its own in the network, is carried where the engine has said so. What the kernel refuses, the engine moves. */
  add(maps: HostFlowMapFds, device: HostDevice): void {
    const { network, ifindex } = device;
    if (this.links.has(network)) return;
    try {
      const program = bpf.loadProgram("tsproxy_from_ho", fromHostProgram(maps, device));
      try {
        this.links.set(network, bpf.createTcxLink(program, ifindex, "egress"));
      } finally {
        fs.closeSync(program); // the link keeps it
      }
    } catch (error) {
      if (!(error instanceof TsproxyError)) throw error;
      log.info(`network ${network}: what the host sends to endpoints is not carried by the kernel: ${error.message}`);
    }
  }

  remove(network: number): void {
    const link = this.links.get(network) ?? null;
    this.links.delete(network);
    if (link !== null) fs.closeSync(link);
  }

  close(): void {
    for (const network of [...this.links.keys()]) this.remove(network);
  }
}
