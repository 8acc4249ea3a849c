/** TCP states as far as the NAT follows them, through the engine with a clock that the test moves. */
import { describe, expect, it } from "vitest";
import { DEFAULT_TIMEOUTS, STATE_NAMES } from "../../src/table/conntrack.js";
import { A, B, CLIENT, Dataplane, HOST_IP, IP_A, IP_B, PUBLISHED, SERVER, TARGET, UP } from "../support/dataplane.js";
import { ACK, echo, FIN, PSH, parse, RST, SYN, tcp, UDP, udp } from "../support/packets.js";

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
    ["data after a reset, which may have been forged", `${OPEN} s:R c:PA s:PA`, "reset", 240],
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
    expect(c.server("PA")).toBe(0);
    expect(c.client("A")).toBe(1);
    expect(c.state).toBe("established");
    expect(c.server("PA")).toBe(1);
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

  it("goes through every pair of state and flags without leaving the known states", () => {
    const scripts = ["c:S", "c:S s:SA", OPEN, `${OPEN} c:FA`, `${OPEN} s:FA`, `${OPEN} c:FA s:FA`, `${OPEN} s:R`];
    for (const script of scripts)
      for (let flags = 0; flags < 64; flags++)
        for (const side of ["client", "server"] as const) {
          const c = new Connection().play(script);
          const names = Object.entries(FLAGS).filter(([, bit]) => (flags & bit) !== 0);
          expect(c[side](names.map(([name]) => name).join(""))).toBe(1);
          expect(STATE_NAMES.slice(0, 7)).toContain(c.state);
          expect(c.timeout).toBe(DEFAULT_TIMEOUTS[c.d.state.conntrack.state(0)]);
          if ((flags & RST) !== 0) expect(c.state).toBe("reset");
        }
  });
});

describe("UDP (RFC 4787 REQ-5) and ICMP (RFC 5508 REQ-2)", () => {
  it("keeps an unanswered UDP flow 120 seconds, an answered one 300", () => {
    const d = new Dataplane();
    d.publish({ proto: UDP });
    const ask = (): number => d.fromUplink(udp({ src: CLIENT, dst: HOST_IP }, { sport: 9, dport: PUBLISHED })).length;
    const answer = (): number => d.fromEndpoint(A, udp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 9 })).length;
    const left = (): number => (d.state.conntrack.used === 0 ? 0 : d.state.conntrack.deadline(0) - d.now);
    ask();
    d.at(d.now + 100);
    ask();
    expect(left()).toBe(120);
    answer();
    expect(left()).toBe(300);
    d.at(d.now + 299);
    expect([ask(), left()]).toEqual([1, 300]);
    d.at(d.now + 299);
    expect(left()).toBe(1);
    d.at(d.now + 1);
    expect(left()).toBe(0);
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
