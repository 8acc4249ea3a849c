/** Entries of the steering's maps that belong to no flow are taken out, when the control thread asks about them; all others stay. */
import { describe, expect, it } from "vitest";
import { CLIENT, Dataplane, HOST_IP, PUBLISHED, raw, TARGET } from "../support/dataplane.js";
import * as o from "../support/overlay.js";
import * as p from "../support/packets.js";

const BRIDGED = "172.18.0.4",
  BRIDGE = "172.18.0.1",
  UPLINK = 7;
/** Values are 40 or 72 bytes; at 0 there is the uplink. */
const value = (uplink: number, size: number): string =>
  Buffer.from(new Int32Array(size / 4).fill(0).with(0, uplink).buffer).toString("hex");
const KEY = { 4: 16, 6: 40 } as const;

function opened(former = false): Dataplane {
  const d = new Dataplane({ offload: true, ...(former && { awaitsFormer: true }) });
  d.publish({ proto: p.TCP, target: BRIDGED, network: -1, snatSource: BRIDGE, onlink: "172.18.0.0/16" });
  d.state.locals.set(raw(BRIDGE), 0, 1);
  return d;
}

/** Puts all entries of the family to the question, as `control/entry-sweep.ts` does. */
function sweep(d: Dataplane, family: 4 | 6): void {
  const entries = [...d.flowMap].filter(([key]) => key.length === 2 * KEY[family]);
  const keys = new Int32Array(new Uint8Array(Buffer.from(entries.map(([key]) => key).join(""), "hex")).buffer);
  const uplinks = Int32Array.from(entries, ([, bytes]) => Buffer.from(bytes, "hex").readInt32LE(0));
  d.say({ type: "sweep-entries", id: 1, family, keys, uplinks });
}

/** Key of a packet of ours. */
const key4 = (src: string, dst: string, sport: number, dport: number, proto: number): string => {
  const ports = Buffer.alloc(8);
  ports.writeUInt16BE(sport, 0);
  ports.writeUInt16BE(dport, 2);
  ports.writeUInt32LE(proto, 4);
  return Buffer.concat([Buffer.from([...src.split("."), ...dst.split(".")].map(Number)), ports]).toString("hex");
};

it("takes out what is of no flow, and leaves what flows have, both ways", () => {
  const d = opened();
  d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: 40000, dport: PUBLISHED, flags: p.SYN }));
  expect(d.state.conntrack.used).toBe(1);
  const own = [key4(CLIENT, BRIDGED, 40000, TARGET, p.TCP), key4(HOST_IP, CLIENT, PUBLISHED, 40000, p.TCP)];
  const orphans = [
    key4(CLIENT, BRIDGED, 40001, TARGET, p.TCP),
    key4(CLIENT, BRIDGED, 40000, TARGET, p.UDP),
    key4("240.0.0.1", BRIDGED, 1, 2, p.TCP),
  ];
  for (const key of [...own, ...orphans]) d.flowMap.set(key, value(UPLINK, 40));
  sweep(d, 4);
  expect([...d.flowMap.keys()].sort()).toEqual([...own].sort());
  expect(d.told.at(-1)).toEqual({ type: "answer", id: 1, value: null });
});

it("leaves what leads to another uplink: it is another worker's", () => {
  const d = opened();
  const key = key4(CLIENT, BRIDGED, 40001, TARGET, p.TCP);
  d.flowMap.set(key, value(UPLINK + 1, 40));
  sweep(d, 4);
  expect([...d.flowMap.keys()]).toEqual([key]);
});

it("leaves everything while flows of a former process may come", () => {
  const d = opened(true);
  const key = key4(CLIENT, BRIDGED, 40001, TARGET, p.TCP);
  d.flowMap.set(key, value(UPLINK, 40));
  sweep(d, 4);
  expect([...d.flowMap.keys()]).toEqual([key]);
});

it("takes out an IPv6 one whose addresses nobody knows", () => {
  const d = opened();
  d.flowMap.set("20010db8".padEnd(80, "1"), value(UPLINK, 72));
  sweep(d, 6);
  expect([...d.flowMap.keys()]).toEqual([]);
});

describe.each([
  [4, o.V4],
  [6, o.V6],
] as const)("of overlay networks over IPv%i", (family, underlay) => {
  /** The entry of what the node at `node` sends to that UDP port of this node's. */
  const nodeKey = (node: string, { local = underlay.local, udpPort = 4789, proto = p.UDP, from = 0 } = {}): string => {
    const rest = Buffer.alloc(8);
    rest.writeUInt16BE(udpPort, 0);
    rest.writeUInt16BE(from, 2);
    rest.writeUInt32LE(proto, 4);
    return p.hex(p.ipBytes(local)) + p.hex(p.ipBytes(node)) + p.hex(rest);
  };
  const stranger = family === 4 ? "192.0.2.99" : "2001:db8::99";
  const size = family === 4 ? 40 : 72;

  it("takes out what is of no node, and leaves what nodes have", () => {
    const d = o.overlay({ underlay });
    const own = [nodeKey(underlay.node), nodeKey(underlay.other)];
    const orphans = [
      nodeKey(stranger),
      nodeKey(underlay.node, { udpPort: 4790 }),
      nodeKey(underlay.node, { local: stranger }),
      nodeKey(underlay.node, { from: 4789 }),
      nodeKey(underlay.node, { proto: p.TCP }),
    ];
    for (const key of [...own, ...orphans]) d.flowMap.set(key, value(o.TUNNEL_DEVICE, size));
    sweep(d, family);
    expect([...d.flowMap.keys()].sort()).toEqual([...own].sort());
  });

  it("takes out a node's when the last endpoint behind it, or the tunnel, has gone", () => {
    const d = o.overlay({ underlay });
    d.say({ type: "remove-remote", network: o.OVERLAY, mac: p.macBytes(o.MAC_S) });
    for (const node of [underlay.node, underlay.other]) d.flowMap.set(nodeKey(node), value(o.TUNNEL_DEVICE, size));
    sweep(d, family);
    expect([...d.flowMap.keys()]).toEqual([nodeKey(underlay.node)]);
    d.say({ type: "remove-port", port: o.TUNNEL });
    sweep(d, family);
    expect(d.flowMap.size).toBe(0);
  });
});
