/**
 * Floods from false addresses, at the default settings: who has a connection keeps it, and who wants one gets it. The first flood is as large as it says,
 * the others and the table are a sixteenth of that, for the sake of time.
 */
import { describe, expect, it } from "vitest";
import { rawHalf, rawWord, swapPorts } from "../../src/wire/raw.js";
import { HOST_IP, PUBLISHED, raw, rule, UP } from "../support/host.js";
import { ACK, FIN, SYN, TCP, UDP } from "../support/packets.js";
import { DST, PORT, PORTS, SRC, Traffic, WORDS } from "../support/traffic.js";

const PER_MINUTE = 1_000_000;
/** Steps of a second; in each an honest client goes one step further, 10 ms after the last. */
const STEPS = 100;
const S = TCP | (SYN << 8),
  SA = TCP | ((SYN | ACK) << 8),
  K = TCP | (ACK << 8),
  F = TCP | (FIN << 8);
const TO = raw(HOST_IP);

const portsTo = (sport: number): number => rawHalf(sport) | (rawHalf(PUBLISHED) << 16);

/** One packet in; the one that comes out, as words, or undefined. */
function pass(t: Traffic, port: number, src: number, dst: number, ports: number, kind: number): Int32Array | undefined {
  t.put(port, src, dst, ports, kind);
  return t.run() === 1 ? t.out.slice(0, WORDS) : undefined;
}

/** A client's connection, a step a call; true as long as each packet gets through. */
class Connection {
  private step = 0;
  private target: number[] = [];

  constructor(
    private readonly t: Traffic,
    private readonly src: number,
    private readonly sport: number,
  ) {}

  advance(): boolean {
    if (this.step++ % 2 === 1) return this.answer(this.step === 2 ? SA : K);
    const seen = pass(this.t, UP, this.src, TO, portsTo(this.sport), this.step === 1 ? S : K);
    if (seen !== undefined) this.target = [seen[PORT]!, seen[DST]!, seen[SRC]!, swapPorts(seen[PORTS]!)];
    return seen !== undefined;
  }

  private answer(kind: number): boolean {
    const [port, src, dst, ports] = this.target as [number, number, number, number];
    return pass(this.t, port, src, dst, ports, kind) !== undefined;
  }
}

/** `packets` of the flood, each from an address of its own; answered by the target, if `answer` says so; then the same senders have one more, if `more` says so. */
function flood(t: Traffic, from: number, packets: number, kind: number, answer: number, more: number): void {
  const put = (what: number): void => {
    for (let n = from; n < from + packets; n++) t.put(UP, rawWord(0x0b000000 + n), TO, portsTo(1024 + (n & 0x7fff)), what);
  };
  put(kind);
  const count = t.run();
  if (answer === 0) return;
  for (let k = 0; k < count * WORDS; k += WORDS)
    t.put(t.out[k + PORT]!, t.out[k + DST]!, t.out[k + SRC]!, swapPorts(t.out[k + PORTS]!), answer);
  t.run();
  if (more === 0) return;
  put(more);
  t.run();
}

describe.each([
  ["SYNs that nobody answers", 1, S, 0, 0],
  ["SYNs that the target answers", 16, S, SA, 0],
  ["SYNs that the target answers, and a FIN without ACK after each", 16, S, SA, F],
  ["segments from the middle of connections", 16, K, 0, 0],
  ["datagrams that the target answers", 16, UDP, UDP, 0],
])("a million %s in a minute", (_, part, kind, answer, more) => {
  it("end no connection and keep none out", { timeout: 120_000 }, () => {
    const capacity = 262_144 / part;
    const t = new Traffic({ conntrackMax: capacity });
    t.commands.carryOut({ type: "publish", id: 1, rule: rule({ proto: UDP }) });
    const old = Array.from({ length: 1000 }, (_, n) => new Connection(t, raw("198.51.100.1") + (n >> 8), 1024 + n));
    for (const each of old) for (let step = 0; step < 3; step++) expect(each.advance()).toBe(true);
    const perStep = Math.ceil(PER_MINUTE / part / 60 / STEPS);
    let sent = 0;
    let honest = 0;
    const young: Connection[] = [];
    let through = 0;
    for (let second = 1; second <= 60; second++) {
      t.now = 1000 + second;
      for (let step = 0; step < STEPS; step++) {
        flood(t, sent, perStep, kind, answer, more);
        sent += perStep;
        young.push(new Connection(t, raw("198.51.100.200"), 1024 + honest++));
        while (young.length > 3) young.shift();
        // One sends its SYN, the one before is answered, the one before that sends its ACK: then it is open.
        const got = young.map((each) => each.advance());
        if (young.length === 3 && got.every(Boolean)) through++;
      }
    }
    expect(sent).toBeGreaterThanOrEqual(PER_MINUTE / part);
    expect(t.state.conntrack.used).toBe(capacity);
    expect([through, t.drops()]).toEqual([honest - 2, {}]);
    for (const each of old) expect(each.advance() && each.advance()).toBe(true);
  });
});
