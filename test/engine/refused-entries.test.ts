/** An entry that the kernel refuses, for want of memory or room: it is counted, nothing says that it is there, others are entered, and the flow goes on in the loop. */
import { describe, expect, it } from "vitest";
import { FLOWS_REFUSED, PAIRS_REFUSED } from "../../src/engine/counters.js";
import { EGRESS_ENTER, EGRESS_ENTERED } from "../../src/table/conntrack.js";
import { StationPairs } from "../../src/table/station-pairs.js";
import { BRIDGED, bridged, carried, flow, SPORT, Tap } from "../support/capture.js";
import { CLIENT, type Dataplane, HELD_PORT, HOST_IP, MAC_A, MAC_UP, PUBLISHED, TARGET } from "../support/dataplane.js";
import { CLIENT6, dual, HOST_IP6, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";

const OTHER = "192.0.2.20";
const refused = (d: Dataplane): number => d.counters[FLOWS_REFUSED]!;
const NONE = (): boolean => false;

/** What the row of the only flow says of its client's entry: it is to be made, it is there. */
function says(d: Dataplane): { toEnter: boolean; entered: boolean } {
  const egress = d.state.conntrack.egress(0, 1);
  return { toEnter: (egress & EGRESS_ENTER) !== 0, entered: (egress & EGRESS_ENTERED) !== 0 };
}

/** A datagram of a client as the host's kernel accepts it, which the worker enters from the second one on. */
const accepted = (d: Dataplane, from = CLIENT) => d.fromHeld(p.udp({ src: from, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED }));
const answer = (d: Dataplane, to = CLIENT) => d.fromUplink(p.udp({ src: BRIDGED, dst: to }, { sport: TARGET, dport: SPORT }));

describe("of a flow", () => {
  it.each([
    ["the client's entry", (key: string) => key.startsWith(p.hex(p.ipBytes(HOST_IP)))],
    ["the target's entry", (key: string) => key.startsWith(p.hex(p.ipBytes(CLIENT)))],
    ["both entries", () => true],
  ])("%s: counted, asked for again, and every packet is sent on", (_, refuses) => {
    const d = bridged({ bypass: false });
    accepted(d);
    d.refuses = refuses;
    for (let n = 1; n <= 3; n++) {
      expect(accepted(d)).toHaveLength(1);
      expect(says(d)).toEqual({ toEnter: true, entered: false });
      expect(refused(d)).toBeGreaterThanOrEqual(n);
      // Nothing of the client's is there by which the kernel would carry its packets, whose answers might be nobody's.
      expect([...d.flowMap.keys()].filter((key) => key.startsWith(p.hex(p.ipBytes(HOST_IP))))).toEqual([]);
    }
    d.refuses = NONE;
    const before = refused(d);
    accepted(d);
    expect(says(d)).toEqual({ toEnter: false, entered: true });
    expect(carried(d)).toEqual([true, true]);
    expect(refused(d)).toBe(before);
  });

  it("the next answer asks for it, too", () => {
    const d = bridged({ bypass: false });
    accepted(d);
    d.refuses = () => true;
    accepted(d);
    d.refuses = NONE;
    answer(d);
    expect(says(d)).toEqual({ toEnter: false, entered: true });
    expect(carried(d)).toEqual([true, true]);
  });

  it("keeps no other out that is entered with it", () => {
    const d = bridged({ bypass: false });
    for (const from of [CLIENT, OTHER]) accepted(d, from);
    d.refuses = (key) => key.includes(p.hex(p.ipBytes(CLIENT)));
    for (const from of [CLIENT, OTHER])
      d.io.put(HELD_PORT, p.frame(MAC_UP, MAC_A, p.udp({ src: from, dst: HOST_IP }, { sport: SPORT, dport: PUBLISHED })), 2);
    d.engine.turn(0, 0); // one batch
    const of = (address: string): number => [...d.flowMap.keys()].filter((key) => key.includes(p.hex(p.ipBytes(address)))).length;
    expect([of(CLIENT), of(OTHER), refused(d)]).toEqual([0, 2, 2]);
  });

  it("of IPv6 likewise", () => {
    const d = dual({ bypass: false });
    const datagram = p.udp({ src: CLIENT6, dst: HOST_IP6 }, { sport: SPORT, dport: PUBLISHED });
    d.publish({ ...TO_A6, proto: p.UDP });
    d.fromHeld(datagram);
    d.refuses = () => true;
    expect(d.fromHeld(datagram)).toHaveLength(1);
    expect(refused(d)).toBeGreaterThan(0);
    expect(says(d)).toEqual({ toEnter: true, entered: false });
    d.refuses = NONE;
    d.fromHeld(datagram);
    expect(says(d)).toEqual({ toEnter: false, entered: true });
  });

  it("ends as others do", () => {
    const d = bridged({ bypass: false });
    accepted(d);
    d.refuses = (key) => key.startsWith(p.hex(p.ipBytes(HOST_IP)));
    accepted(d);
    d.at(d.now + 1000);
    expect([d.flows(), d.flowMap.size]).toEqual([[], 0]);
  });
});

it("a carried flow that the kernel does not let go is carried on, its packets counted once, and comes with the next second", () => {
  const d = bridged();
  flow(d).open();
  for (const [key, value] of d.flowMap) d.flowMap.set(key, `${value.slice(0, 32)}64000000${value.slice(40)}`); // 100 packets
  d.refuses = () => true;
  const tap = new Tap(d);
  const seen = (): number[] => d.flows().flatMap(({ packets }) => packets);
  expect([carried(d), refused(d)]).toEqual([[true, true], 2]);
  d.refuses = NONE;
  d.at(d.now + 1);
  expect([carried(d), seen()]).toEqual([
    [false, false],
    [102, 101],
  ]);
  tap.end();
});

it("pairs of stations: counted, the others are entered, and the next frame says it again", () => {
  const pairs = new StationPairs(8);
  const there = new Set<number>();
  let isRefusing = true;
  pairs.map = {
    put: (keys, _, count) => {
      for (let k = 0; k < count; k++) {
        const mac = keys[k * 16 + 4]!;
        if (isRefusing && mac % 2 === 1) return k;
        there.add(mac);
      }
      return count;
    },
    delete: () => there.clear(),
  };
  const say = (): void => {
    for (let mac = 1; mac <= 4; mac++) pairs.add(1, 2, mac, 3, 9, 1, 7, 0, 0);
    pairs.enter();
  };
  say();
  expect([[...there], pairs.refused, pairs.waiting]).toEqual([[2, 4], 2, 0]);
  isRefusing = false;
  pairs.tick();
  pairs.takeBack();
  say();
  expect([[...there], pairs.refused]).toEqual([[1, 2, 3, 4], 2]);
});

it("they have places of their own behind the counters of ports", () => {
  const d = bridged();
  expect(PAIRS_REFUSED).toBe(FLOWS_REFUSED + 1);
  expect(d.counters).toHaveLength(PAIRS_REFUSED + 1);
});
