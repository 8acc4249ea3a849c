/** Endpoints with a bandwidth, through the whole engine: what goes at once, what waits and for how long, what is dropped; and who is not concerned. */
import { describe, expect, it, vi } from "vitest";
import type { SentFrame } from "../../src/device/memory-io.js";
import type { Bandwidth } from "../../src/table/bandwidth.js";
import { ENDPOINT, NONE } from "../../src/table/ports.js";
import { A, B, C, Dataplane, IP_A, IP_B, IP_C, MAC_A, MAC_B, MAC_C, NET, UP } from "../support/dataplane.js";
import { addPort } from "../support/host.js";
import * as p from "../support/packets.js";

const MBIT = 1e6;
const FRAME = 1000;

const MACS: Record<number, string> = { [A]: MAC_A, [B]: MAC_B, [C]: MAC_C };
const IPS: Record<number, string> = { [A]: IP_A, [B]: IP_B, [C]: IP_C };

/** Three endpoints, with a clock that goes by milliseconds. */
class Shaped extends Dataplane {
  private ms = 0;

  constructor(limits: Record<number, Bandwidth>) {
    super();
    this.addPort(C, ENDPOINT, MAC_C, IP_C);
    for (const port of [A, B, C]) this.limit(port, limits[port]);
  }

  limit(port: number, bandwidth: Bandwidth | undefined): void {
    this.say({ type: "remove-port", port });
    const message = addPort(port, ENDPOINT, MACS[port]!, IPS[port]!, NET);
    this.say({ ...message, bandwidth } as typeof message);
  }

  /** The next millisecond: what is sent in it. */
  next(): SentFrame[] {
    this.ms++;
    this.io.clock[0] = 1000 + Math.floor(this.ms / 1000);
    this.io.clock[1] = (this.ms % 1000) * 1e6;
    return this.run();
  }

  /** `frames` numbered frames of FRAME bytes in each of `ms` milliseconds; the numbers that came out, by millisecond. */
  stream(from: number, to: number, frames: number, ms: number): number[][] {
    let n = 0;
    return Array.from({ length: ms }, () => {
      for (let k = 0; k < frames; k++) this.io.put(from, numbered(from, to, n++));
      return this.next().map(numberOf);
    });
  }
}

function numbered(from: number, to: number, n: number): Uint8Array {
  const data = new Uint8Array(FRAME - 42);
  p.setU16(data, 0, n);
  return p.frame(MACS[to]!, MACS[from]!, p.udp({ src: IPS[from]!, dst: IPS[to]! }, { sport: 5000, dport: 6000, data, checksum: false }));
}

function numberOf({ bytes }: SentFrame): number {
  return p.u16(bytes, p.VNET + 42);
}

/** TCP segments of 1,448 bytes, `segments` of them in one frame as segmentation offload has it, of `from` to `to`. */
function large(from: number, to: number, segments: number): Uint8Array {
  const segment = p.tcp({ src: IPS[from]!, dst: IPS[to]! }, { sport: 5000, dport: 6000, data: new Uint8Array(segments * 1448) });
  const frame = p.frame(MACS[to]!, MACS[from]!, segment);
  frame[1] = p.GSO_TCPV4;
  new DataView(frame.buffer).setUint16(2, 54, true);
  new DataView(frame.buffer).setUint16(4, 1448, true);
  return frame;
}

const rate = (mbit: number, burst = 1): { rate: number; burst: number } => ({ rate: mbit * MBIT, burst });

describe.each([
  ["sends", { [A]: { egress: rate(80) } }, A],
  ["is sent", { [B]: { ingress: rate(80) } }, B],
] as [string, Record<number, Bandwidth>, number][])("an endpoint with a limit on what it %s", (_, limits, limited) => {
  it("gets its rate, in order and without holes but for what is dropped, after a wait of 25 ms at most", () => {
    const d = new Shaped(limits);
    const out = d.stream(A, B, 20, 1000); // twice the rate of 10,000 bytes in a millisecond
    const seen = out.flat();
    expect(seen.length).toBeGreaterThan(10_000);
    expect(seen.length).toBeLessThan(10_000 + 60); // 5 ms at once
    expect([...seen].sort((a, b) => a - b)).toEqual(seen);
    expect(out.slice(500).every((frames) => frames.length === 10)).toBe(true);
    const waited = out.slice(500).map((frames, k) => 500 + k - Math.floor(frames.at(-1)! / 20));
    expect([Math.min(...waited), Math.max(...waited)]).toEqual([24, 24]); // what came in the same millisecond is first
    const left = 20_000 - seen.length - d.state.shaper.waiting;
    expect(d.drops(limited)).toEqual({ "over-rate": left });
    expect(d.drops(limited === A ? B : A)).toEqual({});
  });

  it("sends at once what is below it, and what others send", () => {
    const d = new Shaped(limits);
    expect(d.stream(A, B, 9, 100).every((frames) => frames.length === 9)).toBe(true);
    expect(d.stream(C, A, 100, 10).every((frames) => frames.length === 100)).toBe(true);
    expect(d.stream(B, C, 100, 10).every((frames) => frames.length === 100)).toBe(true);
    expect(d.dropTotal()).toBe(0);
  });

  it("may send its burst after a silence, and no more", () => {
    const long = rate(80, 8e6);
    const d = new Shaped({ [limited]: limited === A ? { egress: long } : { ingress: long } });
    const first = d.stream(A, B, 2000, 1)[0]!.length; // 1,000,000 bytes at once
    expect(first).toBe(1001);
    for (let ms = 0; ms < 50; ms++) d.next();
    for (let ms = 0; ms < 30; ms++) d.next();
    expect(d.stream(A, B, 2000, 1)[0]!.length).toBeLessThan(800);
  });
});

it("is held to both limits where sender and receiver have one", () => {
  const d = new Shaped({ [A]: { egress: rate(80) }, [B]: { ingress: rate(40) } });
  const seen = d.stream(A, B, 20, 1000).flat();
  expect(seen.length).toBeGreaterThan(5000);
  expect(seen.length).toBeLessThan(5100);
  expect(d.drops(A)["over-rate"]).toBeGreaterThan(9000);
  expect(d.drops(B)["over-rate"]).toBeGreaterThan(4000);
});

it("counts a frame that is to be segmented as its segments on the wire, and takes one that is longer than its burst", () => {
  const d = new Shaped({ [A]: { egress: rate(100) } });
  const frame = large(A, B, 45);
  let sent = 0;
  for (let ms = 0; ms < 1000; ms++) {
    if (d.io.pending === 0) d.io.put(A, frame);
    for (const { bytes } of d.next()) {
      expect(Buffer.compare(bytes, frame)).toBe(0);
      sent++;
    }
  }
  const wire = sent * 45 * (1448 + 54);
  expect(wire).toBeGreaterThan(12.5e6);
  expect(wire).toBeLessThan(12.5e6 * 1.03);
});

it("charges the sender of a broadcast once, however many get it, and drops it when others wait", () => {
  const d = new Shaped({ [A]: { egress: rate(8, 8 * FRAME) } }); // a frame in a millisecond
  const broadcast = p.frame(p.BROADCAST, MAC_A, p.udp({ src: IP_A, dst: "255.255.255.255" }, { sport: 1, dport: 2, data: p.payload(958) }));
  for (let k = 0; k < 20; k++) d.io.put(A, broadcast);
  const out = d.next();
  expect(out.filter(({ port }) => port === B).length).toBe(6); // 5 ms at once, and one
  expect(out.filter(({ port }) => port === C).length).toBe(6);
  expect(d.drops(A)).toEqual({ "over-rate": 14 });
});

it("loses what waits when a port goes, and counts what was to go there", () => {
  const d = new Shaped({ [A]: { egress: rate(8) } });
  d.stream(A, B, 20, 1);
  expect(d.state.shaper.waiting).toBeGreaterThan(10);
  d.say({ type: "remove-port", port: B });
  d.limit(B, undefined); // the number is somebody else's now
  const waiting = d.state.shaper.waiting;
  for (let ms = 0; ms < 30; ms++) expect(d.next()).toEqual([]);
  expect(d.drops(A)["port-gone"]).toBe(waiting);
  d.stream(A, C, 20, 1);
  d.say({ type: "remove-port", port: A });
  expect([d.state.shaper.waiting, d.state.shaper.limits]).toEqual([0, 0]);
  expect(d.next()).toEqual([]);
});

it("has the loop wake for what waits, not before its time, and else sleep as long as ever", () => {
  const d = new Shaped({ [A]: { egress: rate(0.8, 8) } }); // a frame in ten milliseconds
  const receive = vi.spyOn(d.io, "receive");
  d.engine.turn(0, -1);
  expect(receive).toHaveBeenLastCalledWith(0, -1);
  for (let n = 0; n < 3; n++) d.io.put(A, numbered(A, B, n));
  expect(d.next().map(numberOf)).toEqual([0]);
  d.engine.turn(0, -1);
  expect(receive).toHaveBeenLastCalledWith(0, 5); // 5 ms may be owed
  d.engine.turn(0, 3);
  expect(receive).toHaveBeenLastCalledWith(0, 3);
});

it("makes up for looks that come late, as on a busy machine", () => {
  const d = new Shaped({ [A]: { egress: rate(8) } }); // a frame in a millisecond
  d.stream(A, B, 20, 1);
  const late: number[] = [];
  for (let ms = 0; ms < 12; ms++) {
    d.io.clock[1] = d.io.clock[1]! + 1e6; // nobody looks
    if (ms % 6 === 5) late.push(d.run().length);
  }
  expect(late).toEqual([6, 6]);
});

it("shares one bucket among workers", () => {
  const buckets = new SharedArrayBuffer(1024 * 2 * 8);
  const [one, other] = [0, 1].map((worker) => new Dataplane({ buckets, worker, workers: 2 }));
  let seen = 0;
  for (const d of [one!, other!]) {
    d.say({ type: "remove-port", port: A });
    const message = addPort(A, ENDPOINT, MAC_A, IP_A, NET);
    d.say({ ...message, bandwidth: { egress: rate(80) } } as typeof message);
  }
  for (let ms = 0; ms < 500; ms++)
    for (const d of [one!, other!]) {
      d.io.clock[1] = ms * 1e6;
      for (let k = 0; k < 10; k++) d.io.put(A, numbered(A, B, k));
      seen += d.run().length;
    }
  expect(seen).toBeGreaterThan(5000);
  expect(seen).toBeLessThan(5060);
});

it("leaves no port that was given anew with an old limit", () => {
  const d = new Shaped({ [A]: { egress: rate(8) } });
  d.limit(A, undefined);
  expect(d.state.shaper.limits).toBe(0);
  expect(d.stream(A, B, 100, 10).every((frames) => frames.length === 100)).toBe(true);
  expect(d.state.ports.kind[A]).not.toBe(NONE);
  expect(d.count(UP, 0)).toBe(0);
});
