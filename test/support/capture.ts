/** A capture of an engine in memory, and a flow for it to see. */
import { type CapturedPacket, takePacket } from "../../src/control/capture/packet.js";
import type { CaptureFilterOptions } from "../../src/dataplane/capture-filter.js";
import type { StateOptions } from "../../src/dataplane/state.js";
import { CaptureRing, captureRing } from "../../src/table/capture-ring.js";
import { CLIENT, Dataplane, HOST_IP, PUBLISHED, raw, TARGET } from "./dataplane.js";
import * as p from "./packets.js";

export const BRIDGED = "172.18.0.4",
  BRIDGE = "172.18.0.1",
  SPORT = 40000,
  OFFLOAD_AT = 10; // in an entry of the map `flows`

export const ANY: CaptureFilterOptions = { proto: 0, client: null, target: null, port: 0, network: -1, drops: false };

/** A capture of `d`. */
export class Tap {
  private readonly ring: CaptureRing;
  private static next = 1;
  readonly id = Tap.next++;

  constructor(
    private readonly d: Dataplane,
    filter: Partial<CaptureFilterOptions> = {},
    { snap = 262_144, size = 1 << 20 } = {},
  ) {
    const memory = captureRing(size);
    this.ring = new CaptureRing(memory);
    d.say({ type: "capture", id: 0, capture: this.id, ring: memory, snap, filter: { ...ANY, ...filter } });
  }

  take(): CapturedPacket[] {
    const all: CapturedPacket[] = [];
    for (let packet = takePacket(this.ring); packet !== undefined; packet = takePacket(this.ring)) all.push(packet);
    return all;
  }

  /** In words: verdict, and who sent to whom, before and after. */
  words(): string[] {
    return this.take().map(({ verdict, reason, in: before, out: after }) => {
      const said = reason === undefined ? verdict : `${verdict} ${reason}`;
      return `${said}: ${tuple(before.bytes)}${after === undefined ? "" : ` => ${tuple(after.bytes)}`}`;
    });
  }

  end(): void {
    this.d.say({ type: "end-capture", capture: this.id });
  }
}

export function tuple(frame: Uint8Array): string {
  const { src, sport, dst, dport } = p.parse(p.join(new Uint8Array(p.VNET), frame));
  return `${src}:${sport} > ${dst}:${dport}`;
}

/** A host that has its published port's target on a bridge of the kernel's, which carries flows to it. */
export function bridged(options: Partial<StateOptions> = {}): Dataplane {
  const d = new Dataplane({ offload: true, ...options });
  for (const proto of [p.TCP, p.UDP]) d.publish({ proto, target: BRIDGED, network: -1, snatSource: BRIDGE, onlink: "172.18.0.0/16" });
  d.state.locals.set(raw(BRIDGE), 0, 1);
  return d;
}

export function flow(d: Dataplane, from = CLIENT, sport = SPORT) {
  const client = (flags = p.ACK, data = p.payload(3)) =>
    d.fromUplink(p.tcp({ src: from, dst: HOST_IP }, { sport, dport: PUBLISHED, flags, data }));
  const server = (flags = p.ACK, data = p.payload(3)) =>
    d.fromUplink(p.tcp({ src: BRIDGED, dst: from }, { sport: TARGET, dport: sport, flags, data }));
  return {
    client,
    server,
    open(): void {
      client(p.SYN, p.payload(0));
      server(p.SYN | p.ACK, p.payload(0));
      client();
    },
  };
}

/** What the steering's map says of each entry: whether the kernel carries it. */
export const carried = (d: Dataplane): boolean[] => [...d.flowMap.values()].map((value) => Buffer.from(value, "hex")[OFFLOAD_AT] !== 0);
