/** What happens when the table is full: who filled it makes room. */
import { describe, expect, it } from "vitest";
import { STATE_NAMES } from "../../src/table/conntrack.js";
import { A, B, CLIENT, Dataplane, HOST_IP, IP_A, IP_B, MAC_UP, PUBLISHED, SERVER, UP } from "../support/dataplane.js";
import { Flow } from "../support/flows.js";
import { ACK, FIN, frame, parse, RST, SYN, tcp, UDP, wrongIn } from "../support/packets.js";

const toHost = { src: CLIENT, dst: HOST_IP };

/** No rule of half and the last eighth, which would be in the way before the table is full. */
const NO_SHARES = { flows: { client: 1e6, endpoint: 1e6, port: 1e6 }, newFlowsPerSec: { client: 1e6, endpoint: 1e6, port: 1e6 } };

function client(d: Dataplane, src: string, sport: number, dport = PUBLISHED): Flow {
  return new Flow(d, { from: UP, src, sport, dst: HOST_IP, dport });
}

function outwards(d: Dataplane, from: number, sport: number, proto?: number, dst = SERVER): Flow {
  return new Flow(d, { from, src: from === A ? IP_A : IP_B, sport, dst, dport: 4000 }, proto);
}

/** Sources and states of the flows that are left, sorted. */
function left(d: Dataplane): string[] {
  const { conntrack } = d.state;
  return Array.from({ length: conntrack.end }, (_, id) => id)
    .filter((id) => conntrack.isLive(id))
    .map((id) => {
      const sport = conntrack.tuple(id, 0, 2) & 0xffff;
      return `${STATE_NAMES[conntrack.state(id)]} ${((sport & 0xff) << 8) | (sport >> 8)}`;
    })
    .sort();
}

describe("of a full table makes room", () => {
  it("first what has waited for an answer for two seconds, then what is closed, then what waits, and never what both ends keep up", () => {
    const d = new Dataplane({ conntrackMax: 5 });
    expect(client(d, CLIENT, 1).open()).toBe(true);
    const closed = client(d, CLIENT, 2);
    expect(closed.open() && closed.close()).toBe(true);
    expect(client(d, CLIENT, 3).ask(SYN)).toBe(true);
    d.at(d.now + 2);
    for (const n of [4, 5]) expect(client(d, CLIENT, n).ask(SYN)).toBe(true);
    const after: string[][] = [];
    for (const n of [6, 7, 8]) {
      expect(client(d, CLIENT, n).ask(SYN)).toBe(true);
      after.push(left(d));
    }
    expect(after).toEqual([
      ["closing 2", "established 1", "syn-sent 4", "syn-sent 5", "syn-sent 6"],
      ["established 1", "syn-sent 4", "syn-sent 5", "syn-sent 6", "syn-sent 7"],
      ["established 1", "syn-sent 5", "syn-sent 6", "syn-sent 7", "syn-sent 8"],
    ]);
    expect([d.state.refused, d.state.evicted, d.drops(UP)]).toEqual([0, 3, {}]);
  });

  it.each([
    ["SYNs", (f: Flow) => f.ask(SYN), "syn-sent"],
    ["SYNs that the target answers", (f: Flow) => f.ask(SYN) && f.answer(SYN | ACK), "syn-received"],
    ["segments from the middle of connections", (f: Flow) => f.ask(ACK), "taken-up"],
    ["the like with a FIN", (f: Flow) => f.ask(FIN | ACK), "taken-up"],
    ["SYNs, taken back and then confirmed by whom nobody answers", (f: Flow) => f.ask(SYN) && f.ask(RST) && f.ask(ACK), "taken-up"],
  ])("what comes from false addresses: %s", (_, send, state) => {
    const d = new Dataplane({ conntrackMax: 100 });
    const honest = Array.from({ length: 20 }, (_, n) => client(d, CLIENT, 1 + n));
    expect(honest.every((flow) => flow.open())).toBe(true);
    for (let n = 0; n < 300; n++) expect(send(client(d, `10.0.${n >> 8}.${n & 255}`, 1000 + n))).toBe(true);
    expect(left(d).filter((flow) => flow.startsWith(state))).toHaveLength(80);
    expect(client(d, "198.51.100.77", 1).open()).toBe(true);
    expect(honest.every((flow) => flow.ask() && flow.answer())).toBe(true);
    expect(d.drops(UP)).toEqual({});
  });

  it.each([
    ["datagrams", (f: Flow) => f.ask(), "unreplied"],
    ["datagrams that are answered once", (f: Flow) => f.ask() && f.answer(), "replied"],
  ])("what one endpoint spreads: %s", (_, send, state) => {
    const d = new Dataplane({ conntrackMax: 100 });
    const honest = Array.from({ length: 20 }, (_, n) => outwards(d, A, 1 + n, UDP));
    expect(honest.every((flow) => flow.open())).toBe(true);
    for (let n = 0; n < 300; n++) expect(send(outwards(d, B, 1000 + n, UDP))).toBe(true);
    expect(left(d).filter((flow) => flow.startsWith(state))).toHaveLength(80);
    expect(client(d, CLIENT, 1).open()).toBe(true);
    expect(honest.every((flow) => flow.ask() && flow.answer())).toBe(true);
    expect([d.drops(A), d.drops(B)]).toEqual([{}, {}]);
  });
});

describe("a table full of flows that both ends keep up", () => {
  it("takes that of the address that has most which has been silent for longest, and none of the others'", () => {
    const d = new Dataplane({ conntrackMax: 20, limits: NO_SHARES });
    const few = [1, 2, 3].flatMap((n) => [client(d, `198.51.100.${n}`, 1), client(d, `198.51.100.${n}`, 2)]);
    expect(few.every((flow) => flow.open())).toBe(true);
    const many = Array.from({ length: 14 }, (_, n) => {
      d.at(d.now + 1);
      const flow = client(d, CLIENT, 100 + n);
      expect(flow.open()).toBe(true);
      return flow;
    });
    expect(many[0]!.ask()).toBe(true); // heard again, so the second is now the longest silent
    for (let n = 0; n < 3; n++) {
      const flow = client(d, "198.51.100.200", 1 + n);
      expect(flow.open()).toBe(true);
    }
    expect(few.every((flow) => flow.answer())).toBe(true);
    expect(many.map((flow) => flow.answer())).toEqual(many.map((_, n) => n === 0 || n > 3));
  });

  it("takes of an address that opens more what it has already", () => {
    const d = new Dataplane({ conntrackMax: 10, limits: NO_SHARES });
    const others = Array.from({ length: 5 }, (_, n) => client(d, `198.51.100.${n + 1}`, 1));
    const own = Array.from({ length: 8 }, (_, n) => client(d, CLIENT, 1 + n));
    for (const flow of [...others, ...own]) {
      d.at(d.now + 1);
      expect(flow.open()).toBe(true);
    }
    expect(others.every((flow) => flow.answer())).toBe(true);
    expect(own.map((flow) => flow.answer())).toEqual([false, false, false, true, true, true, true, true]);
  });

  it("refuses new flows where all have as few, gives back what they took, and serves the old ones", () => {
    const d = new Dataplane({ conntrackMax: 4, limits: NO_SHARES });
    const old = Array.from({ length: 4 }, (_, n) => client(d, `198.51.100.${n + 1}`, 1));
    expect(old.every((flow) => flow.open())).toBe(true);
    expect(client(d, "198.51.100.99", 1).ask(SYN)).toBe(false);
    expect(outwards(d, A, 1).ask(SYN)).toBe(false);
    expect([d.drops(UP), d.drops(A), d.state.refused, d.state.pool.used]).toEqual([{ "table-full": 1 }, { "table-full": 1 }, 2, 0]);
    expect(old.every((flow) => flow.ask() && flow.answer())).toBe(true);
  });

  it("leaves what is a small part of it: a hundred flows of one address among 4096", () => {
    const d = new Dataplane({ conntrackMax: 4096, limits: NO_SHARES });
    for (let n = 0; n < 100; n++) expect(client(d, CLIENT, 1 + n).open()).toBe(true);
    for (let n = 0; d.state.conntrack.used < 4096; n++) expect(client(d, `10.0.${n >> 8}.${n & 255}`, 1).open()).toBe(true);
    for (let n = 0; n < 50; n++) expect(client(d, `11.0.0.${n}`, 1).ask(SYN)).toBe(false);
    expect(d.state.evicted).toBe(0);
  });
});

it("never sends a packet of the flow that made room to where the new one goes, though both come in one batch", () => {
  const d = new Dataplane({ conntrackMax: 1 });
  client(d, CLIENT, 1).ask(SYN);
  d.fromUplink(tcp(toHost, { sport: 1, dport: PUBLISHED, flags: RST }));
  const late = frame(MAC_UP, MAC_UP, tcp(toHost, { sport: 1, dport: PUBLISHED, flags: RST | ACK }));
  for (const bytes of [late, frame(MAC_UP, MAC_UP, tcp(toHost, { sport: 2, dport: PUBLISHED, flags: SYN })), late]) d.io.put(UP, bytes);
  const out = d.run();
  expect(out.map((f) => [f.port, parse(f.bytes).sport])).toEqual([[A, 2]]);
  expect(out.flatMap((f) => wrongIn(f.bytes))).toEqual([]);
  expect(d.drops(UP)).toEqual({ "not-syn": 2 });
});

it("opens anew a closed flow whose SYN comes in the batch in which it has to make room", () => {
  const d = new Dataplane({ conntrackMax: 2 });
  for (const n of [1, 2]) {
    const flow = client(d, CLIENT, n);
    expect(flow.open() && flow.close()).toBe(true);
  }
  const syn = (sport: number): Uint8Array => frame(MAC_UP, MAC_UP, tcp(toHost, { sport, dport: PUBLISHED, flags: SYN }));
  d.io.put(UP, syn(1));
  d.io.put(UP, syn(3));
  expect(d.run().map((f) => parse(f.bytes).sport)).toEqual([1, 3]);
  expect(left(d)).toEqual(["syn-sent 1", "syn-sent 3"]);
});

describe("a flow that the kernel carries", () => {
  it("is asked for before it goes: what is alive stays, whatever the table says", () => {
    const d = new Dataplane({ conntrackMax: 3, offload: true });
    const target = { target: "172.18.0.4", network: -1, snatSource: "172.18.0.1", onlink: "1.0.0.0/32" };
    d.publish({ firstPort: 81, lastPort: 81, ...target });
    const flows = [1, 2, 3].map((n) => client(d, CLIENT, n, 81));
    for (const flow of flows) expect(flow.ask(SYN) && flow.answer(SYN | ACK)).toBe(true); // the last ACK is the kernel's
    d.at(d.now + 5);
    for (const [key, value] of d.flowMap) if (!/0002(06|1f90)/.test(key)) d.flowMap.set(key, seen(value, d.now)); // of client port 2 nothing more has come
    expect(client(d, "198.51.100.50", 9).ask(SYN)).toBe(true);
    expect(left(d)).toEqual(["established 1", "established 3", "syn-sent 9"]);
  });
});

/** The value of a steering entry, with the second of the last packet. */
function seen(value: string, second: number): string {
  const bytes = Buffer.from(value, "hex");
  bytes.writeUInt32LE(second, 12);
  return bytes.toString("hex");
}
