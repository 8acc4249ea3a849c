/** Several targets behind one published port: which one a new flow goes to, and what becomes of flows when targets come, go, or fail. */
import { describe, expect, it } from "vitest";
import type { StateOptions } from "../../src/dataplane/state.js";
import type { PublishedTarget } from "../../src/engine/messages.js";
import { DOWN, DRAINS, OUT, selectionMemory } from "../../src/table/selection.js";
import {
  A,
  B,
  CLIENT,
  Dataplane,
  HELD_PORT,
  HOST_IP,
  IP_A,
  IP_B,
  only,
  PUBLISHED,
  rule,
  TARGET,
  targetOf,
  UP,
} from "../support/dataplane.js";
import { CLIENT6, dual, GATEWAY6, HOST_IP6, IP6_B } from "../support/dual.js";
import * as p from "../support/packets.js";
import * as s from "../support/sctp.js";

const ID = 9;
const TO_A = targetOf({ id: 1, target: IP_A }),
  TO_B = targetOf({ id: 2, target: IP_B, targetPort: 9090 });
const toHost = { src: CLIENT, dst: HOST_IP };

interface Options extends Partial<StateOptions> {
  affinitySec?: number;
  proto?: number;
}

function balanced(
  { affinitySec = 0, proto = p.TCP, ...options }: Options = {},
  targets: PublishedTarget[] = [TO_A, TO_B],
  d = new Dataplane(options),
): Dataplane {
  d.withdraw(0);
  d.say({ type: "publish", id: ID, rule: { ...rule({ proto, selection: selectionMemory(affinitySec, 7) }), targets } });
  return d;
}

const retarget = (d: Dataplane, ...targets: PublishedTarget[]): void => d.say({ type: "targets", id: ID, targets });
const syn = (sport: number, src = CLIENT): Uint8Array => p.tcp({ ...toHost, src }, { sport, dport: PUBLISHED, flags: p.SYN });
const udp = (sport: number): Uint8Array => p.udp(toHost, { sport, dport: PUBLISHED });

/** Where a new flow went: the target's address and port, or what came back. */
function went(d: Dataplane, datagram: Uint8Array): string {
  const sent = only(d.fromUplink(datagram));
  return sent.port === UP ? "refused" : `${sent.dst}:${sent.dport}`;
}

/** A connection that is established, and the target's port of the dataplane. */
function connect(d: Dataplane, sport: number): number {
  const { port, dst, dport } = only(d.fromUplink(syn(sport)));
  d.fromEndpoint(port, p.tcp({ src: dst, dst: CLIENT }, { sport: dport, dport: sport, flags: p.SYN | p.ACK }));
  d.fromUplink(p.tcp(toHost, { sport, dport: PUBLISHED, flags: p.ACK }));
  return port;
}

const AT_A = `${IP_A}:${TARGET}`,
  AT_B = `${IP_B}:9090`;

describe("new flows", () => {
  it("go to the targets by turns, each at its own port; all of a connection stays at one", () => {
    const d = balanced();
    expect([1, 2, 3].map((sport) => went(d, syn(sport)))).toEqual([AT_A, AT_B, AT_A]);
    expect(went(d, syn(2))).toBe(AT_B); // again
    const port = connect(d, 10);
    expect([1, 2, 3].map(() => only(d.fromUplink(p.tcp(toHost, { sport: 10, dport: PUBLISHED, flags: p.ACK }))).port)).toEqual([
      port,
      port,
      port,
    ]);
  });

  it("of a client go to one target where that is wanted", () => {
    const d = balanced({ affinitySec: 60 });
    expect([1, 2, 3].map((sport) => went(d, syn(sport)))).toEqual([AT_A, AT_A, AT_A]);
    expect([1, 2].map((sport) => went(d, syn(sport, "198.51.100.10")))).toEqual([AT_B, AT_B]);
    retarget(d, { ...TO_A, duty: DOWN }, TO_B);
    expect(went(d, syn(4))).toBe(AT_B);
    retarget(d, TO_A, TO_B);
    expect(went(d, syn(5))).toBe(AT_B);
    d.at(d.now + 61);
    expect([went(d, syn(6, "198.51.100.10")), went(d, syn(7))]).toEqual([AT_B, AT_A]); // it is a new client
  });

  it("come from workers that take turns with each other", () => {
    const memory = selectionMemory(0, 7);
    const workers = [0, 1].map(() => new Dataplane());
    for (const d of workers) {
      d.withdraw(0);
      d.say({ type: "publish", id: ID, rule: { ...rule({ selection: memory }), targets: [TO_A, TO_B] } });
    }
    expect([0, 1, 1, 0].map((worker, i) => went(workers[worker]!, syn(i)))).toEqual([AT_A, AT_B, AT_A, AT_B]);
  });

  it("of datagrams keep their target for as long as they go on", () => {
    const d = balanced({ proto: p.UDP });
    expect([1, 2, 1, 2].map((sport) => went(d, udp(sport)))).toEqual([AT_A, AT_B, AT_A, AT_B]);
  });

  it("go to a target of the other family too, translated", () => {
    const TO_B6 = targetOf({ id: 2, target: IP6_B, snatSource: GATEWAY6, onlink: "fd00::/64" });
    const d = balanced({}, [TO_A, TO_B6], dual());
    expect([1, 2].map((sport) => only(d.fromUplink(syn(sport))).dst)).toEqual([IP_A, IP6_B]);
    d.say({ type: "publish", id: ID + 1, rule: { ...rule({ hostIp: "::", selection: selectionMemory(60, 7) }), targets: [TO_A, TO_B6] } });
    const from = (src: string, sport: number) =>
      only(d.fromUplink(p.tcp({ src, dst: HOST_IP6 }, { sport, dport: PUBLISHED, flags: p.SYN }))).dst;
    expect([from(CLIENT6, 1), from("2001:db8:9::77", 2), from("2001:db8:a::1", 3)]).toEqual([IP_A, IP_A, IP6_B]);
  });

  it("pass over a target whose endpoint has just ended, and stay where they went", () => {
    const d = balanced({ affinitySec: 60 });
    expect(went(d, syn(1))).toBe(AT_A);
    d.say({ type: "remove-port", port: A });
    expect([went(d, syn(2)), went(d, syn(3))]).toEqual([AT_B, AT_B]);
    d.say({ type: "remove-port", port: B });
    expect(went(d, syn(4))).toBe("refused");
  });

  it("do not begin in the middle of a connection: who was connected is told that it is over", () => {
    const d = balanced();
    const ack = p.tcp(toHost, { sport: 5, dport: PUBLISHED, flags: p.ACK, ack: 77 });
    expect(only(d.fromHeld(ack))).toMatchObject({ port: UP, dst: CLIENT, flags: p.RST });
  });

  it("that open a connection anew where one has ended may go elsewhere", () => {
    const d = balanced();
    const port = connect(d, 1);
    expect(port).toBe(A);
    d.fromUplink(p.tcp(toHost, { sport: 1, dport: PUBLISHED, flags: p.RST | p.ACK }));
    expect([went(d, syn(1)), d.flows().length]).toEqual([AT_B, 1]);
  });
});

describe("when no target takes new flows", () => {
  const none = (proto: number): Dataplane =>
    balanced({ proto, bypass: false }, [
      { ...TO_A, duty: DOWN },
      { ...TO_B, duty: DRAINS },
    ]);

  it("a TCP client is reset, at what it has sent (RFC 9293 §3.10.7.1)", () => {
    const d = none(p.TCP);
    const opening = p.tcp(toHost, { sport: 7, dport: PUBLISHED, flags: p.SYN, seq: 0xffffffff, data: p.payload(9) });
    const sent = only(d.fromHeld(opening));
    expect(sent).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, sport: PUBLISHED, dport: 7, flags: p.RST | p.ACK });
    const l4 = sent.bytes.length - 20;
    const view = new DataView(sent.bytes.buffer, sent.bytes.byteOffset + l4);
    expect([view.getUint32(4), view.getUint32(8)]).toEqual([0, 9]);
    expect([d.drops(UP), d.flows()]).toEqual([{ "no-target": 1 }, []]);
  });

  it("a TCP client of IPv6 is reset likewise", () => {
    const d = balanced({}, [], dual());
    d.say({ type: "publish", id: ID + 1, rule: { ...rule({ hostIp: "::", selection: selectionMemory(0, 7) }), targets: [] } });
    const opening = p.tcp({ src: CLIENT6, dst: HOST_IP6 }, { sport: 7, dport: PUBLISHED, flags: p.SYN });
    expect(only(d.fromUplink(opening))).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, flags: p.RST | p.ACK });
  });

  it("a sender of datagrams is told by ICMP that the port is unreachable", () => {
    const d = none(p.UDP);
    expect(only(d.fromHeld(udp(7)))).toMatchObject({ port: UP, dst: CLIENT, proto: p.ICMP, type: 3, code: 3 });
  });

  it("an SCTP client gets an ABORT with the tag that it asked for (RFC 9260 §8.4)", () => {
    const d = none(p.SCTP);
    const init = s.sctp(toHost, { sport: 7, dport: PUBLISHED, type: s.INIT, initiate: 0x01020304 });
    const sent = only(d.fromHeld(init));
    expect(sent).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, sport: PUBLISHED, dport: 7 });
    expect([...sent.bytes.slice(-12, -8), ...sent.bytes.slice(-4)]).toEqual([1, 2, 3, 4, s.ABORT, 0, 0, 4]);
  });

  it("an endpoint that asks is told too, by its own port", () => {
    const d = none(p.TCP);
    d.io.put(
      HELD_PORT,
      p.frame("02:54:53:50:00:01", "02:11:22:33:44:55", p.tcp({ src: IP_A, dst: HOST_IP }, { sport: 7, dport: PUBLISHED, flags: p.SYN })),
      9,
    );
    expect(only(d.run())).toMatchObject({ port: A, src: HOST_IP, dst: IP_A, flags: p.RST | p.ACK });
  });

  it("no more are told in a second than of any error", () => {
    const d = none(p.TCP);
    let told = 0;
    for (let sport = 1; sport <= 1100; sport++) told += d.fromHeld(syn(sport)).length;
    expect(told).toBe(1000);
  });
});

describe("flows that a target has", () => {
  const states = (d: Dataplane): string[] =>
    d.flows().map(({ original, reply, state }) => `${original.src.split(":")[1]} ${reply.src} ${state}`);

  function some(proto = p.TCP): Dataplane {
    const d = balanced({ proto });
    if (proto === p.UDP) return d;
    expect([connect(d, 1), connect(d, 2)]).toEqual([A, B]);
    expect([went(d, syn(3)), went(d, syn(4))]).toEqual([AT_A, AT_B]);
    return d;
  }

  it("all go on while it is drained; new ones go elsewhere", () => {
    const d = some();
    retarget(d, { ...TO_A, duty: DRAINS }, TO_B);
    expect(states(d)).toEqual([`1 ${AT_A} established`, `2 ${AT_B} established`, `3 ${AT_A} syn-sent`, `4 ${AT_B} syn-sent`]);
    expect([5, 6].map((sport) => went(d, syn(sport)))).toEqual([AT_B, AT_B]);
  });

  it("go on when it is down, if they are established; what nobody has answered goes elsewhere with its next packet", () => {
    const d = some();
    retarget(d, { ...TO_A, duty: DOWN }, TO_B);
    expect(states(d)).toEqual([`1 ${AT_A} established`, `2 ${AT_B} established`, `4 ${AT_B} syn-sent`]);
    expect(went(d, syn(3))).toBe(AT_B);
  });

  it("of datagrams go elsewhere when it is down", () => {
    const d = some(p.UDP);
    expect([1, 2].map((sport) => went(d, udp(sport)))).toEqual([AT_A, AT_B]);
    d.fromEndpoint(A, p.udp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 1 }));
    expect(went(d, udp(1))).toBe(AT_A);
    retarget(d, { ...TO_A, duty: DOWN }, TO_B);
    expect([1, 2].map((sport) => went(d, udp(sport)))).toEqual([AT_B, AT_B]);
  });

  it.each([
    ["when its time to drain is over", [{ ...TO_A, duty: OUT }, TO_B]],
    ["when it is no target any more", [TO_B]],
  ])("end %s, and nobody else's", (_, targets) => {
    const d = some();
    retarget(d, ...targets);
    expect(states(d)).toEqual([`2 ${AT_B} established`, `4 ${AT_B} syn-sent`]);
  });

  it("all end when the port is withdrawn", () => {
    const d = some();
    d.withdraw(ID);
    expect(d.flows()).toEqual([]);
    retarget(d, TO_A);
    expect(d.drops(UP)).toEqual({});
  });
});

it("a target sends with its published port only where it is the only one: who calls back would come to another", () => {
  const d = balanced({ proto: p.UDP });
  const out = only(d.fromEndpoint(A, p.udp({ src: IP_A, dst: "203.0.113.80" }, { sport: TARGET, dport: 5000 })));
  expect([out.port, out.sport === PUBLISHED]).toEqual([UP, false]);
});
