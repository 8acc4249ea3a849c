/** TCP states as far as the NAT follows them, through the engine with a clock that the test moves. */
import { describe, expect, it } from "vitest";
import { DEFAULT_TIMEOUTS, STATE_NAMES } from "../../src/table/conntrack.js";
import { A, B, CLIENT, Dataplane, HOST_IP, IP_A, IP_B, only, PUBLISHED, SERVER, TARGET, UP } from "../support/dataplane.js";
import { Flow } from "../support/flows.js";
import { ACK, echo, FIN, PSH, parse, RST, SYN, tcp, UDP } from "../support/packets.js";

const FLAGS: Record<string, number> = { S: SYN, A: ACK, F: FIN, R: RST, P: PSH, ".": ACK, U: 32 };

/** One connection to the published port. `client` and `server` send a segment with flags such as "SA"; how many frames came through. */
class Connection {
  readonly d = new Dataplane();
  private readonly sport = 40000;

  client(flags: string): number {
    return this.d.fromUplink(tcp({ src: CLIENT, dst: HOST_IP }, { sport: this.sport, dport: PUBLISHED, flags: bits(flags) })).length;
  }

  server(flags: string): number {
    return this.d.fromEndpoint(A, tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: this.sport, flags: bits(flags) })).length;
  }

  /** "c:S s:SA c:A": who sends what. All come through. */
  play(script: string): this {
    for (const step of script.split(" ")) {
      const [who, flags] = step.split(":") as [string, string];
      expect(who === "c" ? this.client(flags) : this.server(flags), step).toBe(1);
    }
    return this;
  }

  get state(): string {
    const { conntrack } = this.d.state;
    return conntrack.used === 0 ? "gone" : STATE_NAMES[conntrack.state(0)]!;
  }

  get timeout(): number {
    return this.d.state.conntrack.deadline(0) - this.d.now;
  }
}

function bits(flags: string): number {
  return [...flags].reduce((sum, flag) => sum | FLAGS[flag]!, 0);
}

const OPEN = "c:S s:SA c:A";
const TCP_STATES = ["syn-sent", "syn-received", "taken-up", "established", "fin-wait", "closing", "reset"];

describe("TCP (RFC 5382 §5, RFC 7857 §2)", () => {
  it.each([
    ["a lone SYN", "c:S", "syn-sent", 30],
    ["a SYN sent again", "c:S c:S c:S", "syn-sent", 30],
    ["an answered SYN", "c:S s:SA", "syn-received", 60],
    ["an answer sent again", "c:S s:SA s:SA", "syn-received", 60],
    ["a SYN sent again after the answer", "c:S s:SA c:S", "syn-received", 60],
    ["a simultaneous open", "c:S s:S c:SA s:A c:A", "established", 7440],
    ["the handshake", OPEN, "established", 7440],
    ["the handshake with data in its last segment", "c:S s:SA c:PA", "established", 7440],
    ["a lost last ACK: the server's data alone", "c:S s:SA s:PA", "syn-received", 60],
    ["data both ways", `${OPEN} c:PA s:PA s:A c:A`, "established", 7440],
    ["a half close by the client, with data from the server going on", `${OPEN} c:FA s:A s:PA c:A s:PA`, "fin-wait", 240],
    ["a half close by the server, with data from the client going on", `${OPEN} s:FA c:A c:PA s:A`, "fin-wait", 240],
    ["a close right after the SYN's answer", "c:S s:SA c:FA", "fin-wait", 240],
    ["a FIN sent again by the same side", `${OPEN} c:FA c:FA`, "fin-wait", 240],
    ["both closed", `${OPEN} c:FA s:A s:FA c:A`, "closing", 240],
    ["both closed, the server first", `${OPEN} s:FA c:A c:FA s:A`, "closing", 240],
    ["a simultaneous close", `${OPEN} c:FA s:FA c:A s:A`, "closing", 240],
    ["a reset by the client", `${OPEN} c:R`, "reset", 240],
    ["a reset by the server", `${OPEN} s:RA`, "reset", 240],
    ["a refused SYN", "c:S s:RA", "reset", 240],
    ["data of the other side after a reset", `${OPEN} s:R c:PA c:A`, "reset", 240],
    ["data of the side that is said to have reset it, which so was forged", `${OPEN} s:R c:PA s:PA`, "syn-received", 60],
    ["a reset by the target in a handshake, and what it says to who has not got its answer", "c:S s:SA s:R s:A s:A", "syn-received", 60],
    ["the same, and the connection going on", `${OPEN} s:R c:PA s:PA c:A s:PA`, "established", 7440],
    ["a forged reset in the client's name, and the connection going on", `${OPEN} c:R c:PA s:A`, "established", 7440],
    ["a reset of each side", `${OPEN} c:R s:R c:A`, "reset", 240],
    ["a fresh SYN after the client's FIN, that the target takes", `${OPEN} c:FA c:S s:SA c:A`, "established", 7440],
    ["a fresh SYN after the target's FIN, that the target takes", `${OPEN} s:FA c:S s:SA c:A`, "established", 7440],
    ["a stray SYN after a FIN, that the target does not take", `${OPEN} c:FA c:S s:A`, "fin-wait", 240],
    ["a segment from the middle of a connection", "c:A", "taken-up", 30],
    ["more of them, without an answer", "c:A c:PA c:A c:FA", "taken-up", 30],
    ["a segment from the middle, answered", "c:A s:A", "established", 7440],
    ["a segment from the middle, answered with a FIN", "c:A s:FA", "fin-wait", 240],
    ["a segment from the middle, answered by half of a handshake", "c:A s:SA", "syn-received", 60],
    ["a reset by who has not got the answer, more of him, and the answer again", "c:S s:SA c:R c:A s:SA", "syn-received", 60],
    ["a segment from the middle, refused", "c:A s:R", "reset", 240],
    ["a segment from the middle that nobody had sent, and then a SYN", "c:A c:S s:SA", "syn-received", 60],
    ["a stray SYN into an open connection", `${OPEN} c:S s:A`, "established", 7440],
    ["a server's SYN into a closed one, which opens nothing", `${OPEN} c:FA s:FA s:S`, "closing", 240],
    ["a fresh SYN after both closed", `${OPEN} c:FA s:FA c:S`, "syn-sent", 30],
    ["a fresh SYN after a reset, and its handshake", `${OPEN} s:R ${OPEN}`, "established", 7440],
  ])("%s: state and time-out", (_, script, state, timeout) => {
    const c = new Connection().play(script);
    expect([c.state, c.timeout]).toEqual([state, timeout]);
    c.d.at(c.d.now + timeout - 1);
    expect(c.state).toBe(state);
    c.d.at(c.d.now + 1);
    expect([c.state, c.d.state.conntrack.used]).toEqual(["gone", 0]);
  });

  it("counts time from the last segment of either side", () => {
    const c = new Connection().play(OPEN);
    for (const step of ["c:A", "s:A", "c:PA"]) {
      c.d.at(c.d.now + 7000);
      c.play(step);
    }
    c.d.at(c.d.now + 7439);
    expect(c.state).toBe("established");
  });

  it("lets nothing through once the entry is gone, but takes the client's side up again", () => {
    const c = new Connection().play(OPEN);
    c.d.at(c.d.now + 7440);
    const late = tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 40000 });
    expect(only(c.d.fromEndpoint(A, late))).toMatchObject({ port: A, flags: RST }); // to the server itself
    expect(c.client("A")).toBe(1);
    expect(c.state).toBe("taken-up");
    expect(c.server("PA")).toBe(1);
    expect(c.state).toBe("established");
  });

  it("keeps the closing list in order through late segments: the flow whose last segment is oldest makes room", () => {
    const d = new Dataplane({ conntrackMax: 3 });
    const segment = (sport: number, flags: number): number =>
      d.fromUplink(tcp({ src: CLIENT, dst: HOST_IP }, { sport, dport: PUBLISHED, flags })).length;
    for (const n of [1, 2, 3]) segment(n, SYN);
    for (const n of [1, 2, 3]) segment(n, RST);
    segment(1, ACK); // late
    expect(segment(4, SYN)).toBe(1);
    const { conntrack } = d.state;
    const ports = [0, 1, 2].map((id) => conntrack.tuple(id, 0, 2) & 0xffff).map((n) => ((n & 0xff) << 8) | (n >> 8));
    expect(ports.sort()).toEqual([1, 3, 4]);
  });

  it.each(["c:S", "c:S s:SA", "c:A", OPEN, `${OPEN} c:FA`, `${OPEN} s:FA`, `${OPEN} c:FA s:FA`, `${OPEN} s:R`, `${OPEN} c:R`])(
    "leaves the known states by no flags whatever: after %s",
    (script) => {
      for (let flags = 0; flags < 64; flags++)
        for (const side of ["client", "server"] as const) {
          const c = new Connection().play(script);
          const names = Object.entries(FLAGS).filter(([, bit]) => (flags & bit) !== 0);
          expect(c[side](names.map(([name]) => name).join(""))).toBe(1);
          expect(TCP_STATES).toContain(c.state);
          expect(c.timeout).toBe(DEFAULT_TIMEOUTS[c.d.state.conntrack.state(0)]);
          if ((flags & RST) !== 0) expect(c.state).toBe("reset");
        }
    },
  );
});

describe("UDP (RFC 4787 REQ-5) and ICMP (RFC 5508 REQ-2)", () => {
  /** "a:9" is a datagram of the opener, "t:" one of the target, "+100" seconds that pass; state and time-out then. */
  function play(script: string, targetPort = TARGET): [string, number] {
    const d = new Dataplane();
    d.publish({ proto: UDP, firstPort: 5300, lastPort: 5300, targetPort });
    const flow = new Flow(d, { from: UP, src: CLIENT, sport: 9, dst: HOST_IP, dport: 5300 }, UDP);
    for (const step of script.split(" ")) {
      if (step.startsWith("+")) d.at(d.now + Number(step.slice(1)));
      else expect(step === "a" ? flow.ask() : flow.answer(), step).toBe(true);
    }
    const { conntrack } = d.state;
    return conntrack.used === 0 ? ["gone", 0] : [STATE_NAMES[conntrack.state(0)]!, conntrack.deadline(0) - d.now];
  }

  it.each([
    ["a datagram without an answer", "a", ["unreplied", 120]],
    ["several of them", "a +100 a +100 a", ["unreplied", 120]],
    ["silence after them", "a +100 a +120", ["gone", 0]],
    ["an answer", "a t", ["replied", 300]],
    ["an answer and the opener again", "a t a", ["assured", 300]],
    ["answers that go on", "a t t t", ["assured", 300]],
    ["an exchange, then silence", "a t a +299", ["assured", 1]],
    ["an exchange, then longer silence", "a t a +300", ["gone", 0]],
    ["one side alone, in time", "a t a +299 t +299 t", ["assured", 300]],
  ])("%s: state and time-out", (_, script, expected) => {
    expect(play(script)).toEqual(expected);
  });

  it.each([
    ["a query", "a", ["query", 30]],
    ["a query, and its repetition", "a +5 a", ["query", 30]],
    ["an answer", "a t", ["answered", 10]],
    ["two queries and two answers", "a a t t", ["answered", 10]],
    ["an answer, and silence", "a t +10", ["gone", 0]],
    ["no answer", "a +30", ["gone", 0]],
    ["a second query", "a t +9 a", ["query", 30]],
    ["four queries and their answers", "a t a t a t a t", ["answered", 10]],
    ["as many as of a tunnel, or of a resolver with one port", "a t a t a t a t a", ["assured", 300]],
  ])("ends soon at port 53 (RFC 4787 REQ-5a): %s", (_, script, expected) => {
    expect(play(script, 53)).toEqual(expected);
  });

  it("keeps an echo 60 seconds", () => {
    const d = new Dataplane();
    const [out] = d.fromEndpoint(B, echo({ src: IP_B, dst: SERVER }, 1));
    d.at(d.now + 59);
    expect(d.fromUplink(echo({ src: SERVER, dst: HOST_IP }, parse(out!.bytes).id, true))).toHaveLength(1);
    d.at(d.now + 59);
    expect(d.state.conntrack.used).toBe(1);
    d.at(d.now + 1);
    expect([d.state.conntrack.used, d.state.pool.used]).toEqual([0, 0]);
    expect(d.fromUplink(echo({ src: SERVER, dst: HOST_IP }, parse(out!.bytes).id, true))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": 1 });
  });
});
