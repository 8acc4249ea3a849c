/** Which source port a target sees: many flows share few ports, no two look alike to their target, and nobody has all. */
import { describe, expect, it } from "vitest";
import { rawHalf } from "../../src/wire/raw.js";
import { A, B, CLIENT, Dataplane, GATEWAY, HOST_IP, IP_A, IP_B, PUBLISHED, SERVER, UP } from "../support/dataplane.js";
import { Flow } from "../support/flows.js";
import { ACK, echo, parse, RST, SYN, TCP, UDP } from "../support/packets.js";

const server = (n: number): string => `203.0.113.${n}`;

function narrow(ports: number, more = {}): Dataplane {
  return new Dataplane({ masqueradeFirst: 61000, masqueradeLast: 61000 + ports - 1, ...more });
}

function outwards(d: Dataplane, from: number, sport: number, dst = SERVER, dport = 80, proto: number = TCP): Flow {
  return new Flow(d, { from, src: from === A ? IP_A : IP_B, sport, dst, dport }, proto);
}

/** To the published port, by a program of the host or a neighbour of the target: the target sees the gateway. */
function hairpin(d: Dataplane, from: number, sport: number, dport = PUBLISHED, proto: number = TCP): Flow {
  return new Flow(d, { from, src: from === UP ? "127.0.0.1" : IP_B, sport, dst: from === UP ? "127.0.0.1" : HOST_IP, dport }, proto);
}

describe("a connection that is over", () => {
  it.each([
    ["closed", (f: Flow) => f.close()],
    ["reset by its opener", (f: Flow) => f.ask(RST)],
    ["reset by its target", (f: Flow) => f.answer(RST)],
  ])("gives its port back at once: %s", (_, end) => {
    for (const open of [outwards, hairpin]) {
      const d = narrow(3);
      for (let n = 0; n < 50; n++) {
        const flow = open(d, B, 1000 + n);
        expect(flow.open() && end(flow), `${n}`).toBe(true);
        expect(d.state.pool.used).toBe(0);
      }
      expect([d.drops(B), d.state.conntrack.used]).toEqual([{}, 3]); // and late packets of it still find it, while nobody wants its port
    }
  });

  it("gives it to the same target last, in the order in which they were over, within a second too", () => {
    const d = narrow(4);
    const ports = Array.from({ length: 12 }, (_, n) => {
      const flow = hairpin(d, B, 1000 + n);
      expect(flow.open() && flow.close()).toBe(true);
      return flow.seen!.sport;
    });
    expect(new Set(ports.slice(0, 4)).size).toBe(4);
    expect([ports.slice(4, 8), ports.slice(8)]).toEqual([ports.slice(0, 4), ports.slice(0, 4)]);
  });

  it("has its port and mapping again when it is opened anew", () => {
    const d = narrow(10);
    const flow = outwards(d, A, 1000);
    expect(flow.open() && flow.close()).toBe(true);
    const { sport } = flow.seen!;
    expect(d.state.pool.used).toBe(0);
    expect(flow.open()).toBe(true);
    expect([flow.seen!.sport, d.state.pool.used]).toEqual([sport, 1]);
    const elsewhere = outwards(d, A, 1000, server(9));
    expect([elsewhere.open(), elsewhere.seen!.sport]).toEqual([true, sport]); // endpoint-independent, as before
    expect(elsewhere.close() && flow.close()).toBe(true);
    expect(d.state.pool.used).toBe(0);
  });

  it("opened anew keeps its port, though its mapping is another's by now", () => {
    const d = narrow(1);
    const flow = outwards(d, A, 1000);
    expect(flow.open() && flow.close()).toBe(true);
    const other = outwards(d, B, 1000, server(9));
    expect(other.open()).toBe(true);
    expect(flow.open()).toBe(true);
    expect([flow.answer(), other.answer(), d.state.pool.used]).toEqual([true, true, 1]);
    expect(flow.close() && other.close()).toBe(true);
    expect(d.state.pool.used).toBe(0);
  });

  it("is forgotten by the steering before the packet that takes its port is sent, which is to be remembered", () => {
    const d = narrow(1);
    const first = outwards(d, A, 1000);
    expect(first.open() && first.close()).toBe(true);
    const events: string[] = [];
    const { transmit } = d.io;
    d.io.transmit = (count: number) => {
      events.push("sent");
      return transmit.call(d.io, count);
    };
    const { length } = d.forgotten;
    d.forgotten.push = (...keys: number[][]) => {
      for (const key of keys) d.forgotten[d.forgotten.length] = key;
      events.push("forgotten");
      return d.forgotten.length;
    };
    expect(outwards(d, B, 2000).ask(SYN)).toBe(true);
    expect(d.forgotten.length).toBeGreaterThan(length);
    expect(events).toEqual(["forgotten", "sent"]);
  });
});

describe("one port", () => {
  it("serves any number of targets at a time (RFC 7857 §3), and each answer finds its way", () => {
    for (const proto of [TCP, UDP]) {
      const d = narrow(1);
      const flows = Array.from({ length: 40 }, (_, n) => outwards(d, n % 2 === 0 ? A : B, 1000 + n, server(1 + n), 4000, proto));
      expect(flows.every((flow) => flow.open())).toBe(true);
      expect(new Set(flows.map((flow) => flow.seen!.sport))).toEqual(new Set([61000]));
      expect(flows.every((flow) => flow.answer() && flow.ask())).toBe(true);
      expect(d.state.pool.used).toBe(1);
    }
  });

  it("serves any number of published targets for programs of the host, and for neighbours", () => {
    for (const from of [UP, B]) {
      const d = narrow(1);
      for (let n = 0; n < 20; n++) d.publish({ firstPort: 9000 + n, lastPort: 9000 + n, targetPort: 100 + n });
      const flows = Array.from({ length: 20 }, (_, n) => hairpin(d, from, 1000, 9000 + n));
      expect(flows.every((flow) => flow.open())).toBe(true);
      expect(new Set(flows.map(({ seen }) => `${seen!.src}:${seen!.sport}`))).toEqual(new Set([`${GATEWAY}:61000`]));
      expect(flows.every((flow) => flow.answer())).toBe(true);
    }
  });

  it("serves pings of many to many, by identifier", () => {
    const d = narrow(1);
    const ids = Array.from({ length: 10 }, (_, n) => {
      const from = n % 2 === 0 ? A : B;
      const [out] = d.fromEndpoint(from, echo({ src: from === A ? IP_A : IP_B, dst: server(1 + n) }, 7));
      const { id, src } = parse(out!.bytes);
      expect(d.fromUplink(echo({ src: server(1 + n), dst: src }, id, true)).map((f) => [f.port, parse(f.bytes).id])).toEqual([[from, 7]]);
      return id;
    });
    expect(new Set(ids)).toEqual(new Set([61000]));
  });
});

describe("an inside endpoint", () => {
  it("has one outside port for all targets, its own, while ports are left, whoever has the others (RFC 4787 REQ-1)", () => {
    const d = narrow(20);
    const ends = Array.from({ length: 20 }, (_, n) => ({ from: n < 15 ? A : B, sport: 1000 + n }));
    const seen = ends.map(({ from, sport }) =>
      [1, 2, 3].map((n) => {
        const flow = outwards(d, from, sport, server(n), 4000, UDP);
        expect(flow.open()).toBe(true);
        return flow.seen!.sport;
      }),
    );
    for (const ports of seen) expect(new Set(ports).size).toBe(1);
    expect(new Set(seen.map(([port]) => port)).size).toBe(20);
  });

  it("still gets out when all ports are others', and keeps what it has when others come", () => {
    const d = narrow(4);
    const first = [0, 1, 2, 3].map((n) => outwards(d, A, 1000 + n, server(1), 4000, UDP));
    expect(first.every((flow) => flow.open())).toBe(true);
    const others = [0, 1, 2, 3, 4, 5].map((n) => outwards(d, B, 2000 + n, server(2), 4000, UDP));
    expect(others.slice(0, 4).every((flow) => flow.open())).toBe(true);
    expect([...first, ...others.slice(0, 4)].every((flow) => flow.ask() && flow.answer())).toBe(true);
  });
});

describe("source ports to one target", () => {
  it("are refused under no-port when all are in use by flows that both ends keep up, and given again when one is over", () => {
    const d = narrow(2);
    const flows = [A, B].map((from) => outwards(d, from, 1000));
    expect(flows.every((flow) => flow.open())).toBe(true);
    const third = new Flow(d, { from: A, src: IP_A, sport: 1001, dst: SERVER, dport: 80 });
    expect(third.ask(SYN)).toBe(false);
    expect(d.drops(A)).toEqual({ "limit-target-ports": 1 });
    expect(flows[1]!.close()).toBe(true);
    expect(third.open()).toBe(true);
    expect([flows[0]!.answer(), d.state.pool.used]).toEqual([true, 2]);
  });

  it.each([
    ["an endpoint's to a server outside", outwards],
    ["a neighbour's to a published port", (d: Dataplane, from: number, sport: number) => hairpin(d, from === A ? UP : B, sport)],
  ])("are not all for one address: %s (RFC 6888 REQ-4)", (_, open) => {
    const d = narrow(64);
    const hog = Array.from({ length: 100 }, (_, n) => open(d, B, 1000 + n));
    expect(hog.filter((flow) => flow.open())).toHaveLength(56); // of the last eighth none is for who has half
    expect(d.drops(B)).toEqual({ "limit-target-ports": 44 });
    const others = Array.from({ length: 8 }, (_, n) => open(d, A, 1000 + n));
    expect(others.every((flow) => flow.open())).toBe(true);
    expect(hog.slice(0, 56).every((flow) => flow.answer())).toBe(true);
    expect(new Set([...hog.slice(0, 56), ...others].map((flow) => flow.seen!.sport)).size).toBe(64);
  });

  it.each([
    ["an endpoint's datagrams to a server outside", (d: Dataplane, sport: number) => outwards(d, B, sport, SERVER, 4000, UDP)],
    ["a neighbour's to a published port", (d: Dataplane, sport: number) => hairpin(d, B, sport, 5300, UDP)],
  ])("go round among what one address sends and nobody answers: %s", (_, open) => {
    const d = narrow(50);
    d.publish({ proto: UDP, firstPort: 5300, lastPort: 5300, targetPort: 5353 });
    for (let n = 0; n < 500; n++) expect(open(d, 1000 + n).ask()).toBe(true);
    expect([d.drops(B), d.state.conntrack.used <= 50]).toEqual([{}, true]);
    const other = new Flow(d, { from: UP, src: "127.0.0.1", sport: 5, dst: "127.0.0.1", dport: 5300 }, UDP);
    expect(other.open()).toBe(true);
  });

  it("are not taken from who has waited for less than two seconds, if he is another", () => {
    const d = narrow(8, { conntrackMax: 64 });
    const waiting = Array.from({ length: 4 }, (_, n) => outwards(d, A, 1000 + n));
    expect(waiting.every((flow) => flow.ask(SYN))).toBe(true);
    for (let n = 0; n < 50; n++) outwards(d, B, 2000 + n).ask(SYN);
    expect(waiting.every((flow) => flow.answer(SYN | ACK))).toBe(true);
  });

  it("do not run out by queries of DNS: one that is answered gives its port back, and one that is not does not stand in the way", () => {
    for (const answered of [true, false]) {
      const d = narrow(50);
      d.publish({ proto: UDP, firstPort: 5300, lastPort: 5300, targetPort: 53 });
      for (const open of [
        (n: number): Flow => outwards(d, B, 1000 + n, SERVER, 53, UDP),
        (n: number): Flow => new Flow(d, { from: UP, src: "127.0.0.1", sport: 1000 + n, dst: "127.0.0.1", dport: 5300 }, UDP),
      ])
        for (let n = 0; n < 300; n++) {
          const query = open(n);
          expect(query.ask() && (!answered || query.answer())).toBe(true);
        }
      expect([d.drops(B), d.drops(UP)]).toEqual([{}, {}]);
    }
  });

  it("are none that is published on the same address, of the same protocol", () => {
    const d = narrow(8);
    d.publish({ firstPort: 61000, lastPort: 61005 });
    d.publish({ firstPort: 61006, lastPort: 61006, hostIp: GATEWAY });
    const ports = (flows: Flow[]): number[] => {
      expect(flows.every((flow) => flow.open())).toBe(true);
      return [...new Set(flows.map((flow) => flow.seen!.sport))].sort();
    };
    expect(ports(Array.from({ length: 40 }, (_, n) => outwards(d, A, 1000 + n, server(1 + n))))).toEqual([61006, 61007]);
    expect(ports([hairpin(d, UP, 5)])).toEqual([61007]);
    expect(ports(Array.from({ length: 40 }, (_, n) => outwards(d, A, 1000 + n, server(1 + n), 80, UDP))).length).toBe(8);
  });

  it("cannot be told from those before (RFC 6056): to one target all of them come, in another order each time", () => {
    const d = narrow(32);
    const rounds = [1000, 2000, 3000].map((from) =>
      Array.from({ length: 24 }, (_, n) => {
        const flow = new Flow(d, { from: UP, src: "127.0.0.1", sport: from + n, dst: "127.0.0.1", dport: PUBLISHED });
        expect(flow.open()).toBe(true);
        return flow;
      }).map((flow) => (flow.ask(RST) ? flow.seen!.sport : 0)),
    );
    for (const ports of rounds) expect(ports).not.toEqual(ports.toSorted((a, b) => a - b));
    expect(new Set(rounds.map((ports) => ports.join())).size).toBe(3);
  });
});

it("keeps a client's port where it can, and takes none for it that its target sees already", () => {
  const d = narrow(4);
  d.publish({ firstPort: 9000, lastPort: 9000 }); // the same target as 8999
  const [first, second] = [PUBLISHED, 9000].map((dport) => new Flow(d, { from: UP, src: CLIENT, sport: 5000, dst: HOST_IP, dport }));
  expect(first!.open() && second!.open()).toBe(true);
  expect([first!.seen!.sport, second!.seen!.sport >= 61000]).toEqual([5000, true]);
  expect(rawHalf(rawHalf(second!.seen!.sport))).toBe(second!.seen!.sport);
  expect(first!.answer() && second!.answer()).toBe(true);
});

describe("what an endpoint sends from a published port", () => {
  const OUTSIDE = 51821,
    INSIDE = 51820;
  const publishing = (proto: number, more = {}): Dataplane => {
    const d = narrow(4);
    d.publish({ proto, firstPort: OUTSIDE, lastPort: OUTSIDE, targetPort: INSIDE, ...more });
    return d;
  };

  it.each([
    ["UDP", UDP],
    ["TCP", TCP],
  ])("leaves from the port that it is published as, to every server, and holds none of the others: %s", (_, proto) => {
    const d = publishing(proto);
    const flows = Array.from({ length: 8 }, (_, n) => outwards(d, A, INSIDE, server(1 + n), 7000, proto));
    expect(flows.every((flow) => flow.open() && flow.answer())).toBe(true);
    expect(new Set(flows.map(({ seen }) => `${seen!.src}:${seen!.sport}`))).toEqual(new Set([`${HOST_IP}:${OUTSIDE}`]));
    expect(d.state.pool.used).toBe(0);
    // Who heard of it calls back from another port, and gets through as any client.
    const back = new Flow(d, { from: UP, src: server(1), sport: 7001, dst: HOST_IP, dport: OUTSIDE }, proto);
    expect([back.open(), back.seen!.port, back.seen!.dport]).toEqual([true, A, INSIDE]);
    expect([d.drops(A), d.drops(UP)]).toEqual([{}, {}]);
  });

  it("is one flow with what its server sends to that port, whoever was first", () => {
    const d = publishing(UDP);
    const call = new Flow(d, { from: UP, src: SERVER, sport: 7000, dst: HOST_IP, dport: OUTSIDE }, UDP);
    expect(call.open()).toBe(true);
    const out = outwards(d, A, INSIDE, SERVER, 7000, UDP);
    expect([out.ask(), out.seen!.sport, d.state.conntrack.used]).toEqual([true, OUTSIDE, 1]);
  });

  it("leaves from the place of a range that it is published at", () => {
    const d = publishing(UDP, { firstPort: 20000, lastPort: 20009, targetPort: 10000 });
    const seen = [9999, 10000, 10009, 10010].map((sport) => {
      const flow = outwards(d, A, sport, SERVER, 7000, UDP);
      return flow.ask() ? flow.seen!.sport : 0;
    });
    expect(seen.map((sport) => (sport >= 61000 ? "any" : sport))).toEqual(["any", 20000, 20009, "any"]);
  });

  it.each([
    ["it is published on another address alone", { hostIp: GATEWAY }],
    ["it is another endpoint's", { target: IP_B }],
    ["it is another protocol's", { proto: TCP }],
  ])("leaves from any other port where %s", (_, more) => {
    const d = publishing(UDP, more);
    const flow = outwards(d, A, INSIDE, SERVER, 7000, UDP);
    expect([flow.open(), flow.seen!.sport >= 61000]).toEqual([true, true]);
  });

  it("leaves from any other port where a rule of the address hides it, and once it is withdrawn", () => {
    const d = narrow(4);
    const all = d.publish({ proto: UDP, firstPort: OUTSIDE, lastPort: OUTSIDE, targetPort: INSIDE });
    const one = d.publish({ proto: UDP, firstPort: OUTSIDE, lastPort: OUTSIDE, targetPort: 1, hostIp: HOST_IP });
    const seen = (n: number): number => {
      const flow = outwards(d, A, INSIDE, server(n), 7000, UDP);
      return flow.open() ? flow.seen!.sport : 0;
    };
    expect(seen(1)).toBeGreaterThanOrEqual(61000);
    d.withdraw(one);
    expect(seen(2)).toBe(OUTSIDE);
    d.withdraw(all);
    expect(seen(3)).toBeGreaterThanOrEqual(61000);
  });

  it("leaves from any other port to a server that sees another flow from it already", () => {
    const d = narrow(4, { masqueradeFirst: OUTSIDE, masqueradeLast: OUTSIDE });
    const before = outwards(d, B, 999, SERVER, 7000, UDP);
    expect([before.open(), before.seen!.sport]).toEqual([true, OUTSIDE]);
    d.publish({ proto: UDP, firstPort: OUTSIDE, lastPort: OUTSIDE, targetPort: INSIDE });
    const [same, other] = [SERVER, server(9)].map((dst) => outwards(d, A, INSIDE, dst, 7000, UDP));
    expect([same!.ask(), other!.open(), other!.seen?.sport]).toEqual([false, true, OUTSIDE]);
    expect(before.answer()).toBe(true);
  });

  it("has its port again when a connection that is over is opened anew", () => {
    const d = publishing(TCP);
    const flow = outwards(d, A, INSIDE, SERVER, 7000);
    expect(flow.open() && flow.close() && flow.open()).toBe(true);
    expect([flow.seen!.sport, d.state.pool.used, d.state.conntrack.used]).toEqual([OUTSIDE, 0, 1]);
  });
});
