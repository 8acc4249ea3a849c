/** A target that remembers a connection (TIME-WAIT) takes another one from the same port only by its timestamp or sequence number (RFC 6191): ports are chosen by that. */
import { describe, expect, it } from "vitest";
import { A, B, Dataplane, IP_A, IP_B, PUBLISHED, SERVER, UP } from "../support/dataplane.js";
import { Flow } from "../support/flows.js";
import { ACK, FIN, RST, SYN, timestamps } from "../support/packets.js";
import { Random } from "../support/random.js";

const FIRST = 61000;
const PORTS = 16;

type Open = (d: Dataplane, sport: number) => Flow;
const outwards: Open = (d, sport) => new Flow(d, { from: A, src: IP_A, sport, dst: SERVER, dport: 80 });
/** By a program of the host: the target sees the gateway. */
const hairpin: Open = (d, sport) => new Flow(d, { from: UP, src: "127.0.0.1", sport, dst: "127.0.0.1", dport: PUBLISHED });
const OPENERS: [string, Open][] = [
  ["what an endpoint opens to the outside", outwards],
  ["what the host opens to a published port", hairpin],
];

function narrow(ports = PORTS): Dataplane {
  return new Dataplane({ masqueradeFirst: FIRST, masqueradeLast: FIRST + ports - 1 });
}

/** What a Linux server keeps in TIME-WAIT, by port: the timestamp, or without one the sequence number. */
class Server {
  turnedAway = 0;
  private readonly kept = new Map<number, number>();

  /** A connection from its SYN on, which the server closes first; `number`: of its opener, timestamp or sequence number. */
  serve(flow: Flow, number: number, stamped: boolean): void {
    this.say(flow, number, stamped);
    expect(flow.ask(SYN)).toBe(true);
    const { sport } = flow.seen!;
    const last = this.kept.get(sport);
    if (last !== undefined && ((number - last) | 0) <= 0) this.turnedAway++;
    expect(flow.answer(SYN | ACK) && flow.ask()).toBe(true);
    expect(flow.answer(FIN | ACK)).toBe(true);
    this.say(flow, number + 3, stamped);
    expect(flow.ask(FIN | ACK) && flow.answer()).toBe(true);
    this.kept.set(sport, (number + 3) | 0);
  }

  private say(flow: Flow, number: number, stamped: boolean): void {
    flow.segment = stamped ? { options: timestamps(number >>> 0, 77) } : { seq: number >>> 0 };
    flow.answerSegment = stamped ? {} : { ack: number >>> 0 };
  }
}

describe.each(OPENERS)("%s", (_, open) => {
  it.each([
    ["timestamps", true],
    ["sequence numbers", false],
  ])("gets a port at which its server takes it for new, by %s that begin at random", (_name, stamped) => {
    const d = narrow();
    const random = new Random(5);
    const server = new Server();
    for (let n = 0; n < 2000; n++) server.serve(open(d, 1000 + n), random.int32(), stamped);
    expect(server.turnedAway).toBeLessThan(6); // by numbers a few thousand apart, of which a half is kept
    expect([d.drops(A), d.drops(UP)]).toEqual([{}, {}]);
  });
});

describe("a port whose target remembers a newer timestamp", () => {
  const stamped = (d: Dataplane, sport: number, value: number): Flow => {
    const flow = outwards(d, sport);
    flow.segment = { options: timestamps(value, 77) };
    return flow;
  };

  /** All ports of `d` have had a connection that ended at 5000. */
  const used = (d: Dataplane, end: (flow: Flow) => boolean): void => {
    for (let n = 0; n < 2; n++) expect(end(stamped(d, 100 + n, 5000))).toBe(true);
    expect(new Set(d.flows().map(({ reply }) => reply.dst)).size).toBe(2);
  };

  it.each<[string, number, (flow: Flow) => boolean]>([
    ["its opener closed last", 5000, (f) => f.open() && f.answer(FIN | ACK) && f.ask(FIN | ACK)],
    ["its target closed last, which had heard less", 4000, (f) => f.open() && f.ask(FIN | ACK) && f.answer(FIN | ACK) && f.ask()],
  ])("is left for one whose target does not, where %s", (_, remembered, end) => {
    const d = narrow(2);
    const ended = (flow: Flow): boolean => {
      flow.answerSegment = { options: timestamps(1, 4000) };
      return end(flow);
    };
    used(d, ended);
    const { conntrack } = d.state;
    expect([0, 1].map((id) => conntrack.timestamp(id))).toEqual([remembered, remembered]);
    conntrack.keepTimestamp(1, -5000); // as if that one had had another clock
    const wanted = d.flows()[1]!.reply.dst;
    d.at(d.now + 3);
    const flow = stamped(d, 500, remembered);
    expect([flow.open(), `${flow.seen!.src}:${flow.seen!.sport}`]).toEqual([true, wanted]);
  });

  it("serves all the same where there is no other, and once its target has forgotten", () => {
    const d = narrow(2);
    used(d, (f) => f.open() && f.answer(FIN | ACK) && f.ask(FIN | ACK));
    expect(stamped(d, 500, 1).open()).toBe(true);
    d.at(d.now + 60);
    expect(stamped(d, 501, 1).open()).toBe(true);
  });

  it("is its opener's as before, who counts on", () => {
    const d = narrow(2);
    const flow = stamped(d, 100, 5000);
    expect(flow.open() && flow.answer(FIN | ACK) && flow.ask(FIN | ACK)).toBe(true);
    const { sport } = flow.seen!;
    expect([flow.open(), flow.seen!.sport, d.state.conntrack.hasTimestamp(0)]).toEqual([true, sport, false]);
    expect(d.flows().map(({ state }) => state)).toEqual(["established"]);
  });

  it("is as good as any after a reset, which leaves nothing to remember", () => {
    const d = narrow(1);
    expect(stamped(d, 100, 5000).open()).toBe(true);
    const other = new Flow(d, { from: B, src: IP_B, sport: 100, dst: SERVER, dport: 80 });
    expect(other.ask(SYN)).toBe(false);
    const reset = stamped(d, 100, 5001);
    expect(reset.ask(RST)).toBe(true);
    expect(other.open()).toBe(true);
  });

  it("is not mistaken for another by what comes late of the connection that is over", () => {
    const d = narrow(1);
    const flow = stamped(d, 100, 5000);
    expect(flow.open() && flow.answer(FIN | ACK) && flow.ask(FIN | ACK)).toBe(true);
    const { conntrack } = d.state;
    flow.segment = { seq: 9, options: timestamps(9, 9) };
    expect(flow.answer() && flow.ask(FIN | ACK) && flow.answer(FIN | ACK) && flow.ask()).toBe(true);
    expect([conntrack.timestamp(0), d.flows()[0]!.state]).toEqual([5000, "closing"]);
  });
});
