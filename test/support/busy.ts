/**
 * busy.ts WHAT RATE SECONDS [PART]: a host at its default settings that has RATE new connections (or DNS queries) a second, each opened, answered and
 * closed at once, for SECONDS by the engine's clock. With PART it has so large a part of the ports and of the table. Prints one line of JSON. To
 * be bundled and run by itself, as the worker is.
 */
import { tuneJit } from "../../src/engine/jit.js";
import { rawHalf, swapPorts } from "../../src/wire/raw.js";
import { A, B, IP_A, IP_B, PUBLISHED, raw, rule, SERVER, UP } from "./host.js";
import { ACK, FIN, SYN, TCP, UDP } from "./packets.js";
import { DST, PORT, PORTS, SRC, Traffic, WORDS } from "./traffic.js";

export interface Busy {
  /** Connections or queries that went through from their first packet to their last. */
  done: number;
  tried: number;
  drops: Record<string, number>;
  /** The least seconds between the end of a connection and the next one that looks the same to the target. */
  restSec: number;
  /** Nanoseconds a connection takes, all its packets together. */
  ns: number;
}

/** How long a connection lasts: as many are open at the same time as come meanwhile. */
const AT_ONCE_MS = 20;
/** Linux' ephemeral ports. */
const FIRST = 32_768;
const EPHEMERAL = 28_232;

const S = TCP | (SYN << 8),
  SA = TCP | ((SYN | ACK) << 8),
  K = TCP | (ACK << 8),
  FA = TCP | ((FIN | ACK) << 8);
/** Who sends what: an even place is the opener's, an odd one the target's answer to the packet before. */
const CONNECTION = [S, SA, K, FA, FA, K];
const SIDES = [0, 1, 0, 0, 1, 0];

interface Source {
  port: number;
  src: number;
  dst: number;
  dport: number;
}

const out = (port: number, src: string, dport: number): Source => ({ port, src: raw(src), dst: raw(SERVER), dport });
const toHost = (port: number, src: string, dst: string, dport: number): Source => ({ port, src: raw(src), dst: raw(dst), dport });
const SOURCES: Record<string, { kinds: number[]; sides: number[]; from: Source[] }> = {
  "tcp-out": { kinds: CONNECTION, sides: SIDES, from: [out(A, IP_A, 80), out(B, IP_B, 80)] },
  "tcp-host": { kinds: CONNECTION, sides: SIDES, from: [toHost(UP, "127.0.0.1", "127.0.0.1", PUBLISHED)] },
  "dns-out": { kinds: [UDP, UDP], sides: [0, 1], from: [out(A, IP_A, 53), out(B, IP_B, 53)] },
  "dns-host": { kinds: [UDP, UDP], sides: [0, 1], from: [toHost(UP, "127.0.0.1", "127.0.0.1", 5300)] },
};

tuneJit();
const [what = "tcp-out", ...numbers] = process.argv.slice(2);
const [rate = 20_000, seconds = 600, part = 1] = numbers.map(Number);
const atOnce = (rate * AT_ONCE_MS) / 1000;
const { kinds, sides, from } = SOURCES[what]!;
const t = new Traffic({ conntrackMax: Math.floor(262_144 / part), masqueradeLast: 10_240 + Math.floor(22_528 / part) - 1 });
t.commands.carryOut({ type: "publish", id: 1, rule: rule({ proto: UDP, firstPort: 5300, lastPort: 5300, targetPort: 53 }) });
const result: Busy = { done: 0, tried: 0, drops: {}, restSec: Number.POSITIVE_INFINITY, ns: 0 };
/** As the opener's and the target's packets of each connection that is open look, from their own ends. */
const opener = new Int32Array(atOnce * 5);
const target = new Int32Array(atOnce * 5);
/** When the port was used last, as the target sees it. */
const usedAt = new Float64Array(65_536).fill(Number.NEGATIVE_INFINITY);
const ephemeral = Math.floor(EPHEMERAL / part);
let serial = 0;

/** `count` connections from their first packet to their last; all go the same way, so they stay in order. */
function connections(source: Source, count: number, at: number): void {
  for (let k = 0; k < count; k++) {
    const sport = FIRST + (serial++ % ephemeral);
    opener.set([source.port, source.src, source.dst, rawHalf(sport) | (rawHalf(source.dport) << 16)], k * 5);
  }
  result.tried += count;
  for (let step = 0; step < kinds.length; step++) {
    const sender = sides[step] === 0 ? opener : target;
    for (let k = 0; k < count * 5; k += 5) t.put(sender[k]!, sender[k + 1]!, sender[k + 2]!, sender[k + 3]!, kinds[step]!);
    if (t.run() !== count) return;
    if (step > 0) continue;
    for (let k = 0; k < count; k++) {
      const seen = k * WORDS;
      target.set([t.out[seen + PORT]!, t.out[seen + DST]!, t.out[seen + SRC]!, swapPorts(t.out[seen + PORTS]!)], k * 5);
      const port = t.out[seen + PORTS]! & 0xffff;
      result.restSec = Math.min(result.restSec, at - usedAt[port]!);
      usedAt[port] = at;
    }
  }
  result.done += count;
}

const start = performance.now();
for (let second = 0; second < seconds; second++) {
  t.now = 1000 + second;
  for (let n = 0, turn = 0; n < rate; n += atOnce, turn++)
    connections(from[turn % from.length]!, Math.min(atOnce, rate - n), second + n / rate);
}
result.ns = ((performance.now() - start) * 1e6) / result.tried;
result.drops = t.drops();
console.log(JSON.stringify(result));
