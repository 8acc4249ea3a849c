/** The one-pass stage decides nothing by itself: the stages without it send the same frames and leave the same tables. */
import { describe, expect, it } from "vitest";
import { admit } from "../../src/dataplane/admit.js";
import { establishedFlows } from "../../src/dataplane/established.js";
import { establishedAcross } from "../../src/dataplane/established-across.js";
import { establishedFlows6 } from "../../src/dataplane/established6.js";
import { flowLookup } from "../../src/dataplane/flow-lookup.js";
import { icmpError } from "../../src/dataplane/icmp-error.js";
import { l2Forward } from "../../src/dataplane/l2-forward.js";
import { l2Out } from "../../src/dataplane/l2-out.js";
import { parser } from "../../src/dataplane/parse.js";
import { rewrite } from "../../src/dataplane/rewrite.js";
import { track } from "../../src/dataplane/track.js";
import { ttl } from "../../src/dataplane/ttl.js";
import { type Batch, DROPPED, UNDECIDED } from "../../src/mem/batch.js";
import { MAPPING, ROW_SHIFT } from "../../src/table/conntrack.js";
import {
  A,
  CLIENT,
  Dataplane,
  GATEWAY,
  HOST_IP,
  IP_A,
  MAC_A,
  MAC_GATEWAY,
  MAC_UP,
  only,
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_A, SERVER6, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

/** Runs the stages by hand, with or without the one-pass stages, on frames given as [port, bytes]. `decided` counts what those have decided. */
function pipeline(d: Dataplane, onePass: boolean, decided: { count: number }): (frames: [number, Uint8Array][]) => unknown[] {
  const b: Batch = d.engine.batch;
  const parse = parser(b, d.state);
  const established = establishedFlows(b, d.state);
  const established6 = establishedFlows6(b, d.state);
  const acrossFamilies = establishedAcross(b, d.state);
  return (frames) => {
    b.reset();
    for (const [i, [port, bytes]] of frames.entries()) {
      d.memory.bytes.set(bytes, b.at[i]!);
      b.ingress[i] = port;
      b.len[i] = bytes.length - p.VNET;
    }
    b.count = frames.length;
    d.state.now = d.now;
    b.egress.fill(UNDECIDED);
    if (onePass) decided.count += frames.length - acrossFamilies(established6(established()));
    parse();
    l2Forward(b, d.state);
    for (const stage of [flowLookup, icmpError, admit, ttl, track, rewrite, l2Out]) stage(b, d.state);
    return frames.map((_, i) => {
      const at = b.at[i]!;
      return b.egress[i] === DROPPED ? ["drop", b.reason[i]] : [b.egress[i], p.hex(d.memory.bytes.subarray(at, at + p.VNET + b.len[i]!))];
    });
  };
}

/** The sender says so many bytes of headers, which the kernel would believe. */
function withHdrLen(frame: Uint8Array, len: number): Uint8Array {
  new DataView(frame.buffer, frame.byteOffset).setUint16(2, len, true);
  return frame;
}

/** So many that no new flow takes one from another, which depends on the order in a batch. */
const RANGE = { masqueradeFirst: 10_240, masqueradeLast: 65_535 };
/** Ports of the host's that targets have seen and are answered at. */
const SEEN_PORTS = 8;

/** The same traffic of either family, and of a client and a target of different ones. */
const FAMILIES = {
  IPv4: {
    make: (random: () => number) => new Dataplane({ ...RANGE, random }),
    rule: {},
    outer: { client: CLIENT, host: HOST_IP, loopback: "127.0.0.1" },
    inner: { a: IP_A, client: CLIENT, server: SERVER, gateway: GATEWAY },
  },
  IPv6: {
    make: (random: () => number) => dual({ ...RANGE, random }),
    rule: TO_A6,
    outer: { client: CLIENT6, host: HOST_IP6, loopback: "::1" },
    inner: { a: IP6_A, client: CLIENT6, server: SERVER6, gateway: GATEWAY6 },
  },
  "IPv6 client, IPv4 target": {
    make: (random: () => number) => withoutRules(dual({ ...RANGE, random })),
    rule: { hostIp: "::" },
    outer: { client: CLIENT6, host: HOST_IP6, loopback: "::1" },
    inner: { a: IP_A, client: CLIENT, server: SERVER, gateway: GATEWAY },
  },
  "IPv4 client, IPv6 target": {
    make: (random: () => number) => withoutRules(dual({ ...RANGE, random })),
    rule: { ...TO_A6, hostIp: "0.0.0.0" },
    outer: { client: CLIENT, host: HOST_IP, loopback: "127.0.0.1" },
    inner: { a: IP6_A, client: CLIENT6, server: SERVER6, gateway: GATEWAY6 },
  },
} as const;
type Family = keyof typeof FAMILIES;

/** What it publishes by itself goes to a target of the client's family. */
function withoutRules(d: Dataplane): Dataplane {
  for (const id of [0, 1]) d.withdraw(id);
  return d;
}

function protoOf(frame: Uint8Array): number {
  return frame[p.VNET + p.ETH + (p.u16(frame, p.VNET + 12) === 0x0800 ? 9 : 6)]!;
}

const RUNS = (Object.keys(FAMILIES) as Family[]).flatMap((family) => [1, 2, 3, 4, 5].map((seed) => [family, seed] as const));

it.each(RUNS)("sends the same with and without it, batch by batch (%s, seed %i)", (family, seed) => {
  const random = new Random(seed);
  const { make, rule, outer, inner } = FAMILIES[family];
  let number = 0; // the same for both dataplanes
  const seen = [RANGE.masqueradeFirst];
  const decided = { count: 0 };
  const two = [make(() => number), make(() => number)].map((d, i) => {
    for (const proto of [p.TCP, p.UDP]) d.publish({ ...rule, proto });
    return { d, run: pipeline(d, i === 0, decided) };
  });
  const up = (ip: Uint8Array): [number, Uint8Array] => [UP, p.frame(MAC_UP, MAC_A, ip)];
  const down = (ip: Uint8Array): [number, Uint8Array] => [A, p.frame(MAC_GATEWAY, MAC_A, ip)];
  const FLAGS = [p.SYN, p.SYN | p.ACK, p.ACK, p.ACK, p.ACK, p.ACK | p.PSH, p.FIN | p.ACK, p.RST, 0];
  let routed = 0;
  for (let round = 0; round < 300; round++) {
    number = random.int32();
    const frames = Array.from({ length: 1 + random.below(32) }, () => {
      const n = 1 + random.below(6);
      const flags = random.pick(FLAGS);
      const data = p.payload(random.below(10) === 0 ? 1230 + random.below(40) : random.below(30));
      const ttl = random.pick([0, 1, 2, 64]);
      const from = random.pick([outer.client, outer.host, outer.loopback]);
      const mapped = random.pick(seen);
      const [to, dport] = random.pick([
        [inner.client, n],
        [inner.gateway, mapped],
      ]);
      const [port, frame] = random.pick([
        () => up(p.tcp({ src: from, dst: outer.host, ttl }, { sport: n, dport: PUBLISHED, flags, data })),
        () => down(p.tcp({ src: inner.a, dst: to, ttl }, { sport: TARGET, dport, flags, data })),
        () => up(p.udp({ src: from, dst: outer.host, ttl }, { sport: n, dport: PUBLISHED, data, checksum: n > 2 })),
        () => down(p.udp({ src: inner.a, dst: to, ttl }, { sport: TARGET, dport, data, checksum: n > 2 })),
        () => down(p.tcp({ src: inner.a, dst: inner.server, ttl }, { sport: n, dport: 80, flags, data })),
        () => up(p.udp({ src: inner.server, dst: inner.a === IP_A ? HOST_IP : HOST_IP6 }, { sport: 53, dport: mapped, data })),
        () => down(p.echo({ src: inner.a, dst: inner.server, ttl }, n)),
      ])();
      const proto = protoOf(frame);
      if (proto === p.ICMP || proto === p.ICMPV6 || random.below(3) > 0) return [port, frame] as [number, Uint8Array];
      const tcpGso = p.u16(frame, p.VNET + 12) === 0x0800 ? p.GSO_TCPV4 : p.GSO_TCPV6;
      const gso = proto === p.TCP ? random.pick([0, 0, tcpGso]) : random.pick([0, 0, p.GSO_UDP_L4]);
      return [port, withHdrLen(p.partial(frame, gso, gso && 8), random.below(80))] as [number, Uint8Array];
    });
    const [one, other] = two.map(({ run }) => run(frames.map(([port, bytes]) => [port, bytes.slice()])));
    expect(one).toEqual(other);
    for (const [port, bytes] of one as [number | string, string][]) {
      if (port !== A) continue;
      seen.unshift(p.parse(p.bytesOf(bytes)).sport);
      seen.length = Math.min(seen.length, SEEN_PORTS);
    }
    routed += one!.filter((result) => (result as unknown[])[0] !== "drop").length;
    const step = random.pick([0, 0, 0, 1]);
    for (const { d } of two) {
      d.io.clock[0] = d.now + step;
      if (step > 0) d.at(d.now);
    }
  }
  expect(routed).toBeGreaterThan(1000);
  expect(decided.count).toBeGreaterThan(200);
  // But for the number that a flow gets when it is closed: it may have been closed once more, by a RST before other segments of the same batch.
  const [x, y] = two.map(({ d }) =>
    d.state.conntrack.rows.map((word, i) => (i % (1 << ROW_SHIFT) === MAPPING ? Math.max(word, -1) : word)),
  );
  expect(x).toEqual(y);
});

describe("of a segmentation-offload frame", () => {
  const options = new Uint8Array(12).fill(1); // timestamps, as most segments have
  const segment = (data: number, flags = p.ACK): Uint8Array =>
    p.tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 40000, flags, options, data: p.payload(data) });
  const established = (): Dataplane => {
    const d = new Dataplane();
    const client = { src: CLIENT, dst: HOST_IP };
    d.fromUplink(p.tcp(client, { sport: 40000, dport: PUBLISHED, flags: p.SYN }));
    d.fromEndpoint(A, segment(0, p.SYN | p.ACK));
    d.fromUplink(p.tcp(client, { sport: 40000, dport: PUBLISHED }));
    return d;
  };
  const hdrLen = (frame: Uint8Array): number => frame[2]! | (frame[3]! << 8);

  it.each([
    ["in an established flow", p.ACK],
    ["that ends the flow", p.FIN | p.ACK],
  ])("%s the length of the headers is told as it is, whatever its sender says", (_, flags) => {
    for (const claimed of [0, 14, 54, 66, 1000, 3066]) {
      const frame = p.partial(p.frame(MAC_GATEWAY, MAC_A, segment(3000, flags)), p.GSO_TCPV4, 1448);
      const out = only(established().send(A, withHdrLen(frame, claimed)));
      expect([out.port, hdrLen(out.bytes)], `${claimed}`).toEqual([UP, 14 + 20 + 32]);
      expect([...out.bytes.subarray(0, 2), ...out.bytes.subarray(4, 10)]).toEqual([...frame.subarray(0, 2), ...frame.subarray(4, 10)]);
    }
  });
});
