/** SCTP through an engine in memory: translation with the checksum, states, tags (RFC 9260). */
import { describe, expect, it } from "vitest";
import { STATE_NAMES } from "../../src/table/conntrack.js";
import { A, B, CLIENT, Dataplane, GATEWAY, HOST_IP, IP_A, IP_B, only, PUBLISHED, SERVER, TARGET, UP } from "../support/dataplane.js";
import { CLIENT6, dual, HOST_IP6, IP6_A, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";
import * as s from "../support/sctp.js";

const CLIENT_PORT = 4000;
/** Tags that packets to each end have. */
const TO_CLIENT = 0xaaaa0001,
  TO_TARGET = 0xbbbb0002;

function publishing(more = {}, options = {}): Dataplane {
  const d = new Dataplane(options);
  d.publish({ proto: p.SCTP, ...more });
  return d;
}

/** From the client to the published port, and from the target to it. */
function asked(d: Dataplane, packet: Partial<s.Sctp> & { type: number }): ReturnType<typeof d.fromUplink> {
  return d.fromUplink(s.sctp({ src: CLIENT, dst: HOST_IP }, { sport: CLIENT_PORT, dport: PUBLISHED, tag: TO_TARGET, ...packet }));
}

function answered(d: Dataplane, packet: Partial<s.Sctp> & { type: number }): ReturnType<typeof d.fromUplink> {
  return d.fromEndpoint(A, s.sctp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: CLIENT_PORT, tag: TO_CLIENT, ...packet }));
}

const HANDSHAKE = [
  (d: Dataplane) => asked(d, { type: s.INIT, tag: 0, initiate: TO_CLIENT }),
  (d: Dataplane) => answered(d, { type: s.INIT_ACK, initiate: TO_TARGET }),
  (d: Dataplane) => asked(d, { type: s.COOKIE_ECHO, data: p.payload(40) }),
  (d: Dataplane) => answered(d, { type: s.COOKIE_ACK }),
];

function associate(d: Dataplane): void {
  for (const step of HANDSHAKE) expect(step(d)).toHaveLength(1);
}

const stateOf = (d: Dataplane): string => STATE_NAMES[d.state.conntrack.state(0)]!;

describe("an association", () => {
  it("to a published port gets new addresses and ports, and its checksum stays right; the client is seen", () => {
    const d = publishing();
    const there = only(asked(d, { type: s.INIT, tag: 0 }));
    expect(there).toMatchObject({ port: A, src: CLIENT, dst: IP_A, sport: CLIENT_PORT, dport: TARGET, ttl: 63 });
    const back = only(answered(d, { type: s.INIT_ACK }));
    expect(back).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, sport: PUBLISHED, dport: CLIENT_PORT });
    expect(p.crc32c(back.l4)).toBe(new DataView(back.l4.buffer, back.l4.byteOffset).getUint32(8, true));
  });

  it("to the same port has its checksum left alone, since that covers no addresses", () => {
    const d = publishing({ targetPort: PUBLISHED });
    const wrong = only(asked(d, { type: s.INIT, tag: 0 })).l4;
    expect(wrong).toEqual(p.parseIp(s.sctp({ src: CLIENT, dst: HOST_IP }, { sport: CLIENT_PORT, dport: PUBLISHED, type: s.INIT })).l4);
  });

  it("with a wrong checksum keeps a wrong one", () => {
    const d = publishing();
    const [out] = asked(d, { type: s.INIT, tag: 0, checksum: 1 });
    expect(p.wrongIn(out!.bytes)).toEqual(["sctp"]);
  });

  it("is masqueraded, each endpoint behind a port of its own, and answers come back", () => {
    const d = new Dataplane();
    const out = [A, B].map((from) =>
      only(d.fromEndpoint(from, s.sctp({ src: from === A ? IP_A : IP_B, dst: SERVER }, { sport: 9, dport: 2905, type: s.INIT }))),
    );
    expect(out.map(({ src, dst, dport }) => [src, dst, dport])).toEqual(Array(2).fill([HOST_IP, SERVER, 2905]));
    expect(new Set(out.map(({ sport }) => sport)).size).toBe(2);
    const reply = { sport: 2905, dport: out[1]!.sport, type: s.INIT_ACK, tag: 0x0a0b0c0d };
    expect(only(d.fromUplink(s.sctp({ src: SERVER, dst: HOST_IP }, reply)))).toMatchObject({ port: B, dst: IP_B, dport: 9 });
  });

  it("from a published port leaves from the port that it is published as", () => {
    const d = publishing();
    const init = s.sctp({ src: IP_A, dst: SERVER }, { sport: TARGET, dport: 2905, type: s.INIT });
    expect(only(d.fromEndpoint(A, init)).sport).toBe(PUBLISHED);
  });

  it("of a neighbour by the host's address comes from the gateway (hairpin)", () => {
    const d = publishing();
    const init = s.sctp({ src: IP_B, dst: HOST_IP }, { sport: 9, dport: PUBLISHED, type: s.INIT });
    expect(only(d.fromEndpoint(B, init))).toMatchObject({ port: A, src: GATEWAY, dst: IP_A, dport: TARGET });
  });

  it("is told of ICMP errors about it", () => {
    const d = publishing();
    associate(d);
    const quoted = s.sctp(
      { src: CLIENT, dst: IP_A },
      { sport: CLIENT_PORT, dport: TARGET, tag: TO_TARGET, type: s.DATA, data: p.payload(900) },
    );
    const error = only(d.fromEndpoint(A, p.icmpError({ src: IP_A, dst: CLIENT }, p.PORT_UNREACHABLE, quoted.subarray(0, 28))));
    expect(error).toMatchObject({ port: UP, dst: CLIENT });
    expect(p.parseIp(error.l4.subarray(8))).toMatchObject({ src: CLIENT, dst: HOST_IP, sport: CLIENT_PORT, dport: PUBLISHED });
  });

  it("opens with an INIT alone: neither with traffic, nor with what an INIT must not be", () => {
    const d = new Dataplane();
    for (const packet of [
      { type: s.COOKIE_ECHO, tag: 1 },
      { type: s.DATA, tag: 1, data: p.payload(16) },
      { type: s.INIT, tag: 5 },
      { type: s.INIT, more: s.chunk(s.DATA) },
    ])
      expect(d.fromEndpoint(A, s.sctp({ src: IP_A, dst: SERVER }, { sport: 9, dport: 2905, ...packet }))).toEqual([]);
    expect([d.drops(A), d.state.conntrack.used]).toEqual([{ "not-syn": 4 }, 0]);
  });

  it("to a published port is taken up in its middle, after a restart of ours", () => {
    const d = publishing();
    expect(asked(d, { type: s.DATA, data: p.payload(16) })).toHaveLength(1);
    expect(stateOf(d)).toBe("taken-up");
    expect([answered(d, { type: s.SHUTDOWN_ACK }).length, stateOf(d)]).toEqual([1, "associated"]);
    expect([asked(d, { type: s.ABORT, tag: 7 }).length, stateOf(d)]).toEqual([1, "associated"]); // the tag is known now
  });

  it("whose packet is in fragments passes where the port stays, and is dropped by name where its checksum would have to be corrected", () => {
    for (const [targetPort, passed] of [
      [PUBLISHED, 3],
      [TARGET, 0],
    ] as const) {
      const d = publishing({ targetPort });
      associate2(d, targetPort);
      const whole = s.sctp({ src: CLIENT, dst: HOST_IP, fragment: 0 }, { ...FROM_CLIENT, type: s.DATA, data: p.payload(3000) });
      expect(p.fragments(whole, 1480).flatMap((part) => d.fromUplink(part)).length).toBe(passed);
      expect(d.drops(UP)).toEqual(passed === 0 ? { "sctp-fragment": 1, "ip-fragment": 2 } : {});
    }
  });
});

const FROM_CLIENT = { sport: CLIENT_PORT, dport: PUBLISHED, tag: TO_TARGET };

/** The handshake with a target at another port. */
function associate2(d: Dataplane, targetPort: number): void {
  asked(d, { type: s.INIT, tag: 0, initiate: TO_CLIENT });
  answered(d, { type: s.INIT_ACK, initiate: TO_TARGET, sport: targetPort });
}

describe("states follow both ends", () => {
  it("from INIT to COOKIE ACK, and to the end by SHUTDOWN", () => {
    const d = publishing();
    const states: string[] = [];
    const steps = [
      ...HANDSHAKE,
      (x: Dataplane) => asked(x, { type: s.DATA, data: p.payload(16) }),
      (x: Dataplane) => answered(x, { type: s.SHUTDOWN, data: p.payload(4) }),
      (x: Dataplane) => asked(x, { type: s.SHUTDOWN_ACK }),
      (x: Dataplane) => answered(x, { type: s.SHUTDOWN_COMPLETE }),
    ];
    for (const step of steps) {
      expect(step(d)).toHaveLength(1);
      states.push(stateOf(d));
    }
    expect(states.join(" ")).toBe("cookie-wait cookie-echoed cookie-echoed associated associated shutdown shutdown ended");
    expect(HANDSHAKE[0]!(d)).toHaveLength(1);
    expect([stateOf(d), d.state.conntrack.created]).toEqual(["cookie-wait", 1]); // opened anew
  });

  it("an ABORT ends it, with the receiver's tag, or with the sender's own and the bit that says so (§8.5.1)", () => {
    for (const abort of [{ tag: TO_TARGET }, { tag: TO_CLIENT, flags: 1 }]) {
      const d = publishing();
      associate(d);
      expect([asked(d, { type: s.ABORT, ...abort }).length, stateOf(d)]).toEqual([1, "ended"]);
    }
  });

  it.each<[string, (d: Dataplane) => unknown[]]>([
    ["an ABORT", (d) => asked(d, { type: s.ABORT, tag: 0x12345678 })],
    ["an ABORT with the wrong bit", (d) => asked(d, { type: s.ABORT, tag: TO_TARGET, flags: 1 })],
    ["a SHUTDOWN COMPLETE", (d) => answered(d, { type: s.SHUTDOWN_COMPLETE, tag: 1 })],
    ["data", (d) => answered(d, { type: s.DATA, tag: 1, data: p.payload(16) })],
    ["an INIT", (d) => asked(d, { type: s.INIT, tag: 0, initiate: 0x0badcafe })],
  ])("%s with another tag changes nothing, does not keep it alive, and goes on: the receiver knows better", (_, forge) => {
    const d = publishing();
    associate(d);
    const deadline = d.state.conntrack.deadline(0);
    d.at(d.now + 100);
    expect(forge(d)).toHaveLength(1);
    expect([stateOf(d), d.state.conntrack.deadline(0)]).toEqual(["associated", deadline]);
    expect(asked(d, { type: s.HEARTBEAT, data: p.payload(8) })).toHaveLength(1);
    expect(d.state.conntrack.deadline(0)).toBe(deadline + 100);
  });

  it("one that was ended goes on with its next data", () => {
    const d = publishing();
    associate(d);
    asked(d, { type: s.ABORT });
    asked(d, { type: s.DATA, data: p.payload(16) });
    answered(d, { type: s.HEARTBEAT, data: p.payload(8) });
    expect(stateOf(d)).toBe("associated");
  });

  it("a restart of the client is followed: its new tags hold from the COOKIE ACK on (§5.2.2)", () => {
    const d = publishing();
    associate(d);
    asked(d, { type: s.INIT, tag: 0, initiate: 0xcccc0003 });
    answered(d, { type: s.INIT_ACK, tag: 0xcccc0003, initiate: 0xdddd0004 });
    asked(d, { type: s.COOKIE_ECHO, tag: 0xdddd0004, data: p.payload(40) });
    answered(d, { type: s.COOKIE_ACK, tag: 0xcccc0003 });
    asked(d, { type: s.DATA, tag: 0xdddd0004, data: p.payload(16) });
    answered(d, { type: s.DATA, tag: 0xcccc0003, data: p.payload(16) });
    expect(stateOf(d)).toBe("associated");
    asked(d, { type: s.ABORT, tag: TO_TARGET }); // of before
    expect(stateOf(d)).toBe("associated");
    asked(d, { type: s.ABORT, tag: 0xdddd0004 });
    expect(stateOf(d)).toBe("ended");
  });

  it("an INIT that is sent again, with another cookie to its answer, is followed", () => {
    const d = publishing();
    for (const initiate of [1, TO_TARGET]) {
      asked(d, { type: s.INIT, tag: 0, initiate: TO_CLIENT });
      answered(d, { type: s.INIT_ACK, initiate });
    }
    for (const step of HANDSHAKE.slice(2)) step(d);
    asked(d, { type: s.ABORT });
    expect(stateOf(d)).toBe("ended");
  });

  it("both ends may open at once (§5.2.1)", () => {
    const d = publishing();
    asked(d, { type: s.INIT, tag: 0, initiate: TO_CLIENT });
    answered(d, { type: s.INIT, tag: 0, initiate: TO_TARGET });
    expect(stateOf(d)).toBe("cookie-echoed");
    asked(d, { type: s.COOKIE_ACK });
    expect(stateOf(d)).toBe("associated");
  });
});

describe("what the host's kernel has accepted", () => {
  const init = (checksum?: number): Uint8Array =>
    s.sctp(
      { src: CLIENT, dst: HOST_IP },
      { sport: CLIENT_PORT, dport: PUBLISHED, type: s.INIT, ...(checksum !== undefined && { checksum }) },
    );
  const honouring = (): Dataplane => publishing({}, { bypass: false });

  it("opens an association", () => {
    const d = honouring();
    expect(only(d.fromHeld(init()))).toMatchObject({ port: A, dst: IP_A, dport: TARGET });
  });

  it("has its checksum looked at, since the kernel has not", () => {
    const d = honouring();
    expect([d.fromHeld(init(1)), d.drops(UP)]).toEqual([[], { "bad-checksum": 1 }]);
  });

  it("gets one if it has none, as what a program on this host has sent through a device that would compute it", () => {
    const d = honouring();
    expect(only(d.fromHeld(init(0))).dport).toBe(TARGET);
  });

  it("has it looked at in a tail, too", () => {
    const d = honouring();
    expect(d.fromHeld(init())).toHaveLength(1);
    const long = s.sctp({ src: CLIENT, dst: HOST_IP }, { ...FROM_CLIENT, type: s.DATA, data: p.payload(5000) });
    expect(d.fromHeld(long)).toHaveLength(1);
    long[long.length - 3]! ^= 1;
    expect([d.fromHeld(long), d.drops(UP)]).toEqual([[], { "bad-checksum": 1 }]);
  });
});

it("is not offloaded", () => {
  const d = new Dataplane({ offload: true });
  d.publish({ proto: p.SCTP, network: -1, target: "10.9.0.4" });
  expect(asked(d, { type: s.INIT, tag: 0 })).toHaveLength(1);
  expect(d.flows()[0]!.state).not.toContain("offloaded");
});

it("cannot ask for a partial checksum: nobody computes a CRC for a virtio-net header", () => {
  const d = new Dataplane();
  const frame = p.frame(
    "02:42:ac:11:00:01",
    "02:42:ac:11:00:04",
    s.sctp({ src: IP_A, dst: SERVER }, { sport: 9, dport: 2905, type: s.INIT }),
  );
  frame[0] = p.NEEDS_CSUM;
  new DataView(frame.buffer, frame.byteOffset).setUint16(6, 34, true);
  new DataView(frame.buffer, frame.byteOffset).setUint16(8, 8, true);
  expect([d.send(A, frame), d.drops(A)]).toEqual([[], { "csum-place": 1 }]);
});

it("goes the same way by IPv6, and from IPv6 to a target of IPv4: the checksum covers no addresses", () => {
  for (const target of [IP6_A, IP_A]) {
    const d = dual();
    d.publish({ ...TO_A6, target, proto: p.SCTP, ...(target === IP_A && { snatSource: GATEWAY, onlink: "172.17.0.0/16" }) });
    const ends = { src: CLIENT6, dst: HOST_IP6 };
    const there = only(d.fromUplink(s.sctp(ends, { sport: CLIENT_PORT, dport: PUBLISHED, type: s.INIT, initiate: TO_CLIENT })));
    expect(there).toMatchObject({ port: A, dst: target, dport: TARGET });
    const back = { src: target, dst: there.src };
    const answer = only(d.fromEndpoint(A, s.sctp(back, { sport: TARGET, dport: there.sport, tag: TO_CLIENT, type: s.INIT_ACK })));
    expect(answer).toMatchObject({ port: UP, src: HOST_IP6, dst: CLIENT6, sport: PUBLISHED, dport: CLIENT_PORT });
    expect(stateOf(d)).toBe("cookie-echoed");
  }
});
