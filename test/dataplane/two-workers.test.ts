/** What a worker decides when it is one of several: a flow must come back to it, so it gives source ports that lead back (`wire/spread.ts`). */
import { describe, expect, it } from "vitest";
import { toBytes } from "../../src/wire/ip-address.js";
import { rawHalf } from "../../src/wire/raw.js";
import { foldAddress, workerOf } from "../../src/wire/spread.js";
import {
  A,
  B,
  Dataplane,
  GATEWAY,
  HOST_IP,
  IP_A,
  IP_B,
  ip,
  MASQUERADE_FIRST,
  MASQUERADE_LAST,
  only,
  PUBLISHED,
  raw,
  TARGET,
  UP,
} from "../support/dataplane.js";
import { dual, HOST_IP6, IP6_A } from "../support/dual.js";
import { Flow } from "../support/flows.js";
import * as p from "../support/packets.js";

const SPORT = 40000;
const syn = (src: string, dport: number): Uint8Array => p.tcp({ src, dst: HOST_IP }, { sport: SPORT, dport, flags: p.SYN });
/** Published ports of the same target's port, so that flows from one client port would look the same to it. */
const CLASHING = [9000, 9001, 9002, 9003, 9004];

function publishing(worker: number, workers: number, masquerade = {}): Dataplane {
  const d = new Dataplane({ worker, workers, ...masquerade });
  for (const port of CLASHING) d.publish({ firstPort: port, lastPort: port });
  return d;
}

describe.each([2, 3])("of %i workers each", (workers) => {
  const clients = Array.from({ length: 40 }, (_, n) => `198.51.100.${n + 1}`);
  const leadsTo = (client: string, port: number): number => workerOf(raw(client), rawHalf(port), workers);

  it("gives clashing flows to published ports different source ports, which all lead back to it", () => {
    for (let worker = 0; worker < workers; worker++) {
      const d = publishing(worker, workers);
      const own = clients.filter((client) => leadsTo(client, SPORT) === worker);
      expect(own.length).toBeGreaterThan(3);
      for (const client of own) {
        const sports = [PUBLISHED, ...CLASHING].map((dport) => only(d.fromUplink(syn(client, dport))).sport);
        expect(sports[0]).toBe(SPORT);
        expect(new Set(sports).size).toBe(sports.length);
        expect(sports.map((sport) => leadsTo(client, sport))).toEqual(sports.map(() => worker));
        for (const sport of sports.slice(1)) expect(sport >= MASQUERADE_FIRST && sport <= MASQUERADE_LAST, `${sport}`).toBe(true);
        const answers = sports.map((sport) =>
          only(d.fromEndpoint(A, p.tcp({ src: IP_A, dst: client }, { sport: TARGET, dport: sport, flags: p.SYN | p.ACK }))),
        );
        expect(answers.map(({ port, sport, dport }) => [port, sport, dport])).toEqual(
          [PUBLISHED, ...CLASHING].map((port) => [UP, port, SPORT]),
        );
      }
    }
  });

  it("gives another source port to a flow whose answers would come to another worker", () => {
    const d = publishing(1, workers);
    for (const client of clients.filter((each) => leadsTo(each, SPORT) !== 1)) {
      const { sport } = only(d.fromUplink(syn(client, PUBLISHED)));
      expect([sport === SPORT, leadsTo(client, sport)]).toEqual([false, 1]);
    }
  });

  it("hairpins behind ports that lead back to it", () => {
    for (let worker = 0; worker < workers; worker++) {
      const d = publishing(worker, workers);
      for (let sport = 1; sport <= 30; sport++) {
        const out = only(d.fromEndpoint(B, p.tcp({ src: IP_B, dst: HOST_IP }, { sport, dport: PUBLISHED, flags: p.SYN })));
        expect([out.port, out.src, leadsTo(GATEWAY, out.sport)]).toEqual([A, GATEWAY, worker]);
      }
    }
  });
});

it.each([2, 3])("of %i workers each gives IPv6 flows, and flows of two families, ports that lead back to it", (workers) => {
  const leadsTo = (address: string, port: number): number => {
    const words = new Int32Array(toBytes(ip(address)).buffer);
    const word = words.length === 1 ? words[0]! : foldAddress(words[0]!, words[1]!, words[2]!, words[3]!);
    return workerOf(word, rawHalf(port), workers);
  };
  for (let worker = 0; worker < workers; worker++) {
    const d = dual({ worker, workers });
    d.publish({ firstPort: 9000, lastPort: 9000, hostIp: "::" });
    for (let n = 1; n <= 20; n++) {
      const client = `2001:db8:9::${n}`;
      const to = (dport: number): Uint8Array => p.tcp({ src: client, dst: HOST_IP6 }, { sport: SPORT, dport, flags: p.SYN });
      const kept = only(d.fromUplink(to(PUBLISHED)));
      expect([kept.src, leadsTo(client, kept.sport)]).toEqual([client, worker]);
      const across = only(d.fromUplink(to(9000)));
      expect([across.src, leadsTo(GATEWAY, across.sport)]).toEqual([GATEWAY, worker]);
      const out = only(d.fromEndpoint(A, p.udp({ src: IP6_A, dst: `2001:db8:80::${n}` }, { sport: n, dport: 53 })));
      expect([out.src, leadsTo(HOST_IP6, out.sport)]).toEqual([HOST_IP6, worker]);
    }
  }
});

it("refuses a flow that clashes with as many as there are ports to give", () => {
  const d = publishing(0, 1, { masqueradeFirst: 61000, masqueradeLast: 61001 });
  const flows = [PUBLISHED, ...CLASHING].map((dport) => new Flow(d, { from: UP, src: "198.51.100.9", sport: SPORT, dst: HOST_IP, dport }));
  expect(flows.map((flow) => flow.open())).toEqual([true, true, true, false, false, false]);
  expect(new Set(flows.slice(0, 3).map((flow) => flow.seen!.sport))).toEqual(new Set([SPORT, 61000, 61001]));
  expect(d.drops(UP)).toEqual({ "no-port": 3 });
  expect(d.state.conntrack.used).toBe(3);
});
