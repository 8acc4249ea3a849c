/** The one-pass stage decides nothing by itself: the stages without it send the same frames and leave the same tables. */
import { expect, it } from "vitest";
import { admit } from "../../src/dataplane/admit.js";
import { establishedFlows } from "../../src/dataplane/established.js";
import { flowLookup } from "../../src/dataplane/flow-lookup.js";
import { icmpError } from "../../src/dataplane/icmp-error.js";
import { l2Forward } from "../../src/dataplane/l2-forward.js";
import { l2Out } from "../../src/dataplane/l2-out.js";
import { parser } from "../../src/dataplane/parse.js";
import { rewrite } from "../../src/dataplane/rewrite.js";
import { track } from "../../src/dataplane/track.js";
import { ttl } from "../../src/dataplane/ttl.js";
import { type Batch, DROPPED, UNDECIDED } from "../../src/mem/batch.js";
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
  PUBLISHED,
  SERVER,
  TARGET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

/** Runs the stages by hand, with or without the one-pass stage, on frames given as [port, bytes]. */
function pipeline(d: Dataplane, onePass: boolean): (frames: [number, Uint8Array][]) => unknown[] {
  const b: Batch = d.engine.batch;
  const parse = parser(b, d.state.ports.kind);
  const established = establishedFlows(b, d.state);
  return (frames) => {
    for (const [i, [port, bytes]] of frames.entries()) {
      d.memory.bytes.set(bytes, b.at[i]!);
      b.ingress[i] = port;
      b.len[i] = bytes.length - p.VNET;
    }
    b.count = frames.length;
    d.state.now = d.now;
    b.egress.fill(UNDECIDED);
    if (onePass) established();
    parse();
    l2Forward(b, d.state);
    for (const stage of [flowLookup, icmpError, admit, ttl, track, rewrite, l2Out]) stage(b, d.state);
    return frames.map((_, i) => {
      const at = b.at[i]!;
      return b.egress[i] === DROPPED ? ["drop", b.reason[i]] : [b.egress[i], p.hex(d.memory.bytes.subarray(at, at + p.VNET + b.len[i]!))];
    });
  };
}

it.each([1, 2, 3, 4, 5])("sends the same with and without it, batch by batch (seed %i)", (seed) => {
  const random = new Random(seed);
  const two = [new Dataplane(), new Dataplane()].map((d, i) => {
    d.publish({ proto: p.UDP });
    return { d, run: pipeline(d, i === 0) };
  });
  const up = (ip: Uint8Array): [number, Uint8Array] => [UP, p.frame(MAC_UP, MAC_A, ip)];
  const down = (ip: Uint8Array): [number, Uint8Array] => [A, p.frame(MAC_GATEWAY, MAC_A, ip)];
  const FLAGS = [p.SYN, p.SYN | p.ACK, p.ACK, p.ACK, p.ACK, p.ACK | p.PSH, p.FIN | p.ACK, p.RST, 0];
  let routed = 0;
  for (let round = 0; round < 300; round++) {
    const frames = Array.from({ length: 1 + random.below(32) }, () => {
      const n = 1 + random.below(6);
      const flags = random.pick(FLAGS);
      const data = p.payload(random.below(30));
      const ttl = random.pick([0, 1, 2, 64]);
      const from = random.pick([CLIENT, HOST_IP, "127.0.0.1"]);
      const mapped = 61000 + random.below(4536);
      const [port, frame] = random.pick([
        () => up(p.tcp({ src: from, dst: HOST_IP, ttl }, { sport: n, dport: PUBLISHED, flags, data })),
        () => down(p.tcp({ src: IP_A, dst: CLIENT, ttl }, { sport: TARGET, dport: n, flags, data })),
        () => up(p.udp({ src: from, dst: HOST_IP, ttl }, { sport: n, dport: PUBLISHED, data, checksum: n > 2 })),
        () => down(p.udp({ src: IP_A, dst: CLIENT, ttl }, { sport: TARGET, dport: n, data, checksum: n > 2 })),
        () => down(p.tcp({ src: IP_A, dst: SERVER, ttl }, { sport: n, dport: 80, flags, data })),
        () => up(p.udp({ src: SERVER, dst: HOST_IP }, { sport: 53, dport: mapped, data })),
        () => down(p.udp({ src: IP_A, dst: GATEWAY, ttl }, { sport: TARGET, dport: mapped, data })),
        () => down(p.echo({ src: IP_A, dst: SERVER, ttl }, n)),
      ])();
      return [port, frame[33] !== p.ICMP && random.below(3) === 0 ? p.partial(frame) : frame] as [number, Uint8Array];
    });
    const [one, other] = two.map(({ run }) => run(frames.map(([port, bytes]) => [port, bytes.slice()])));
    expect(one).toEqual(other);
    routed += one!.filter((result) => (result as unknown[])[0] !== "drop").length;
    const step = random.pick([0, 0, 0, 1]);
    for (const { d } of two) {
      d.io.clock[0] = d.now + step;
      if (step > 0) d.at(d.now);
    }
  }
  expect(routed).toBeGreaterThan(1000);
  const [x, y] = two.map(({ d }) => d.state.conntrack);
  expect(x!.rows).toEqual(y!.rows);
});
