/** A process goes on with the flows that another has left in a file (table/flow-file.ts): what is taken up, what waits, and what is no flow. */
import { describe, expect, it } from "vitest";
import type { StateOptions } from "../../src/dataplane/state.js";
import type { Adopted, FromWorker, ToWorker } from "../../src/engine/messages.js";
import { captureRing } from "../../src/table/capture-ring.js";
import { DEADLINE, DEFAULT_TIMEOUTS, DELTA, DST, REPLY, ROW_SHIFT, STATE, WAY } from "../../src/table/conntrack.js";
import { FlowFile, flowFileSize } from "../../src/table/flow-file.js";
import { ENDPOINT, LAN } from "../../src/table/ports.js";
import { selectionMemory } from "../../src/table/selection.js";
import { FLOW_CARRIED_AT, FLOW_OFFLOAD_AT, FLOW_PACKETS_AT } from "../../src/wire/flow-entry.js";
import { workerOf } from "../../src/wire/spread.js";
import {
  A,
  addPort,
  B,
  C,
  CLIENT,
  Dataplane,
  endpointOn,
  HELD_PORT,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  locals,
  MAC_A,
  MAC_C,
  MAC_UP,
  only,
  PUBLISHED,
  prefix,
  raw,
  rule,
  SERVER,
  TARGET,
  targetOf,
  UP,
} from "../support/dataplane.js";
import { CLIENT6, dual, HOST_IP6, IP6_A, IP6_B, SERVER6 } from "../support/dual.js";
import { Flow } from "../support/flows.js";
import { CAPACITY, Former, memoryOf, OWNER } from "../support/former.js";
import {
  arriving,
  datagram,
  departed,
  IP_GATE,
  IP_R,
  IP_SNAT,
  MAC_R,
  MAC_SNAT,
  OVERLAY,
  overlay,
  snat,
  TUNNEL,
} from "../support/overlay.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";

/** The next process, on the same host, at the same second. */
function next(files: FlowFile[], options: Partial<StateOptions> = {}): Dataplane {
  const d = new Dataplane({ conntrackMax: CAPACITY, random: new Random(2).int32, ...options }, files);
  d.at(1000);
  return d;
}

function adopt(d: Dataplane, last = true): Adopted {
  d.say({ type: "adopt", id: 9, last });
  return (d.told.pop() as Extract<FromWorker, { type: "answer" }>).value as Adopted;
}

/** A port whose target is in the kernel's network. */
const BEYOND = { firstPort: 9000, lastPort: 9000, target: "172.18.0.9", network: -1, snatSource: HOST_IP, onlink: "172.18.0.0/16" };

function replaceRule(d: Dataplane, change: Parameters<Dataplane["publish"]>[0]): void {
  d.withdraw(0);
  d.publish(change);
}

const toHost = { src: CLIENT, dst: HOST_IP };
const toClient = { src: IP_A, dst: CLIENT };

/** The maps of the process before are there, with its entries; `carries`: the kernel takes the programs now. */
function keptMaps(carries: boolean, flows6Fd = 4): ToWorker {
  const offload = { ipv4: carries, ipv6: carries };
  return { type: "steering", flowsFd: 3, flows6Fd, acrossFd: -1, orderFd: -1, uplinkDevice: 7, isNew: false, offload };
}

describe("a connection to a published port", () => {
  it("goes on to a target behind another node, from this node's own address there", () => {
    const make = (d: Dataplane): void => {
      overlay({ d });
      d.withdraw(0);
      d.say(snat());
      d.publish({ target: IP_R, network: OVERLAY, snatSource: IP_GATE, onlink: "10.9.0.0/16" });
    };
    const fromR = (d: Dataplane, sport: number, flags?: number) => {
      const body = p.tcp({ src: IP_R, dst: IP_SNAT }, { sport: TARGET, dport: sport, ...(flags !== undefined && { flags }) });
      return only(d.send(TUNNEL, arriving(datagram(p.frame(MAC_SNAT, MAC_R, body).subarray(p.VNET)))));
    };
    const former = new Former();
    make(former.d);
    const opened = former.d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: p.SYN }));
    const { sport } = p.parse(departed(opened[0]!.bytes).frame);
    fromR(former.d, sport, p.SYN | p.ACK);
    former.d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED, flags: p.ACK }));
    const d = next([former.left()]);
    expect(adopt(d, false)).toEqual({ taken: 0, left: 1, lost: 0 }); // its network is not there yet
    make(d);
    expect(adopt(d)).toEqual({ taken: 1, left: 0, lost: 0 });
    expect(fromR(d, sport)).toMatchObject({ port: UP, src: HOST_IP, sport: PUBLISHED, dst: CLIENT });
    const sent = d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED }));
    expect(p.parse(departed(sent[0]!.bytes).frame)).toMatchObject({ src: IP_SNAT, sport, dst: IP_R });
  });

  it("goes on from both sides, its target's too, with all that is known of it", () => {
    const former = new Former();
    former.open();
    const before = former.d.flows();
    const d = next([former.left()]);
    expect(adopt(d)).toEqual({ taken: 1, left: 0, lost: 0 });
    expect(d.flows()).toEqual(before);
    expect(only(d.fromEndpoint(A, p.tcp(toClient, { sport: TARGET, dport: 40000 })))).toMatchObject({
      port: UP,
      src: HOST_IP,
      sport: PUBLISHED,
    });
    expect(only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED })))).toMatchObject({ port: A, dport: TARGET });
    expect(d.state.limits.flowsOf(raw(CLIENT))).toBe(1);
  });

  it("goes on to an endpoint that stands on a LAN, once that is there again", () => {
    const address = "192.0.2.128";
    const onLan = (d: Dataplane): void => {
      d.say({ type: "add-network", network: 1, subnets: [], flags: 0 });
      d.addPort(10, LAN, MAC_UP, undefined, 1);
      d.addPort(C, ENDPOINT, MAC_C, address, 1);
      replaceRule(d, { target: address, network: 1, snatSource: HOST_IP, onlink: "0.0.0.0/32" });
    };
    const former = new Former();
    onLan(former.d);
    former.open();
    const d = next([former.left()]);
    d.withdraw(0);
    expect(adopt(d, false)).toEqual({ taken: 0, left: 1, lost: 0 });
    onLan(d);
    expect(adopt(d)).toEqual({ taken: 1, left: 0, lost: 0 });
    expect(only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED })))).toMatchObject({ port: C, dst: address });
    expect(only(d.fromEndpoint(C, p.tcp({ src: address, dst: CLIENT }, { sport: TARGET, dport: 40000 })))).toMatchObject({ port: UP });
  });

  it("goes on with the source port that its target knows, where that is one of the host's", () => {
    const former = new Former();
    const flow = former.open({ from: B, src: IP_B });
    const { port, src, sport, dst, dport } = flow.seen!;
    const d = next([former.left()]);
    expect(adopt(d).taken).toBe(1);
    expect(only(d.fromEndpoint(port, p.tcp({ src: dst, dst: src }, { sport: dport, dport: sport })))).toMatchObject({
      port: B,
      dst: IP_B,
      dport: 40000,
    });
  });

  it("waits for its endpoint, and its segments are neither answered nor taken for new ones", () => {
    const former = new Former();
    former.open({ src: "127.0.0.1" });
    const d = next([former.left()]);
    d.say({ type: "remove-port", port: A });
    expect(adopt(d, false)).toEqual({ taken: 0, left: 1, lost: 0 });
    expect(d.fromUplink(p.tcp({ src: "127.0.0.1", dst: HOST_IP }, { sport: 40000, dport: PUBLISHED }))).toEqual([]);
    d.addPort(A, 3, "02:42:ac:11:00:04", IP_A);
    expect(adopt(d, false)).toEqual({ taken: 1, left: 0, lost: 0 });
  });

  describe("to a port with several targets", () => {
    const memory = (): SharedArrayBuffer => selectionMemory(60, 7);
    const targets = [targetOf({ id: 4, target: IP_B }), targetOf({ id: 5 })];
    const publish = (d: Dataplane, list = targets): void => {
      d.withdraw(0);
      d.say({ type: "publish", id: 1, rule: { ...rule({ selection: memory() }), targets: list } });
    };

    it("goes on to the one that it has, and its client's next one goes there too", () => {
      const former = new Former();
      former.open();
      const d = next([former.left()]);
      publish(d);
      expect(adopt(d)).toEqual({ taken: 1, left: 0, lost: 0 });
      expect([40000, 40001].map((sport) => only(d.fromUplink(p.tcp(toHost, { sport, dport: PUBLISHED, flags: p.SYN }))).dst)).toEqual([
        IP_A,
        IP_A,
      ]);
    });

    it("goes on while its target is still to come, and ends if it does not", () => {
      for (const comes of [true, false]) {
        const former = new Former();
        former.open();
        const d = next([former.left()]);
        publish(d, targets.slice(0, 1));
        expect(adopt(d, false)).toEqual({ taken: 0, left: 1, lost: 0 });
        expect(only(d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED }))).dst).toBe(IP_A);
        if (comes) d.say({ type: "targets", id: 1, targets });
        expect(adopt(d)).toEqual(comes ? { taken: 1, left: 0, lost: 0 } : { taken: 0, left: 0, lost: 1 });
      }
    });
  });

  describe("whose port is not published yet", () => {
    function early(): { d: Dataplane; ask: () => number } {
      const former = new Former();
      former.open();
      const d = next([former.left()], { bypass: false });
      d.withdraw(0);
      expect(adopt(d, false)).toEqual({ taken: 0, left: 1, lost: 0 });
      const ask = (): number => d.fromUplink(p.tcp(toHost, { sport: 40000, dport: PUBLISHED })).filter(({ port }) => port === A).length;
      expect(ask()).toBe(1);
      return { d, ask };
    }

    it("goes on, and is one like others when the port comes", () => {
      const { d, ask } = early();
      d.publish();
      expect(adopt(d, false)).toEqual({ taken: 1, left: 0, lost: 0 });
      d.withdraw(1);
      expect([ask(), d.state.conntrack.used]).toEqual([0, 0]);
    });

    it("ends when it does not come, or leads elsewhere", () => {
      for (const change of [(): void => {}, (d: Dataplane): void => void d.publish({ target: IP_B })]) {
        const { d, ask } = early();
        change(d);
        expect(adopt(d)).toEqual({ taken: 0, left: 0, lost: 1 });
        expect([ask(), d.state.conntrack.used, d.state.limits.flowsOf(raw(CLIENT))]).toEqual([0, 0, 0]);
      }
    });

    it("is not taken for the flow that has its row when it has ended", () => {
      const { d } = early();
      d.say({ type: "end-flows", id: 1, client: null, port: 0 });
      d.told.pop();
      expect(new Flow(d, { from: B, src: IP_B, sport: 1, dst: SERVER, dport: 80 }).open()).toBe(true);
      expect(adopt(d)).toEqual({ taken: 0, left: 0, lost: 0 });
      expect(d.state.conntrack.used).toBe(1);
    });
  });

  it.each([
    ["is not published any more", (d: Dataplane) => d.withdraw(0)],
    ["leads elsewhere now", (d: Dataplane) => replaceRule(d, { target: IP_B })],
    ["leads to another port", (d: Dataplane) => replaceRule(d, { targetPort: 81 })],
    ["is not for the client any more", (d: Dataplane) => d.say({ type: "allow", prefixes: [prefix("10.0.0.0/8")] })],
    ["has no endpoint behind it", (d: Dataplane) => d.say({ type: "remove-port", port: A })],
  ])("is given up when the port %s, and who goes on with it is reset", (_, change) => {
    const former = new Former();
    former.open();
    const d = next([former.left()], { bypass: false });
    change(d);
    expect(adopt(d)).toEqual({ taken: 0, left: 0, lost: 1 });
    expect(d.state.conntrack.used).toBe(0);
    expect(only(d.fromEndpoint(B, p.tcp({ src: IP_B, dst: CLIENT }, { sport: TARGET, dport: 40000 })))).toMatchObject({
      port: B,
      flags: p.RST,
    });
  });

  it("is entered again where the steering's map is a new one, and given up there where it is not", () => {
    const former = new Former();
    former.d.publish(BEYOND);
    former.open({ dport: 9000 });
    const again = next([former.left()]);
    again.publish(BEYOND);
    expect(adopt(again).taken).toBe(1);
    expect(again.flowMap.size).toBe(1); // the target's answers; clients' packets are taken by the port, as the firewall is bypassed
    const kept = next([former.left()]);
    kept.say(keptMaps(false, -1));
    expect(adopt(kept).lost).toBe(1);
    expect(kept.forgotten).toHaveLength(2);
  });
});

it("counts what the kernel has carried on where its port is counted now, and keeps what it has counted of the flow", () => {
  const former = new Former({ offload: true });
  former.d.publish({ ...BEYOND, carried: 3 });
  former.open({ dport: 9000 });
  const kept = next([former.left()], { offload: true });
  for (const [key, value] of former.d.flowMap) {
    const bytes = Buffer.from(value, "hex");
    bytes.writeUInt32LE(3, FLOW_CARRIED_AT);
    bytes.writeUInt32LE(77, FLOW_PACKETS_AT);
    kept.flowMap.set(key, bytes.toString("hex"));
  }
  const size = kept.flowMap.size;
  expect(size).toBeGreaterThan(0);
  kept.say(keptMaps(true));
  kept.publish({ ...BEYOND, carried: 5 });
  expect(adopt(kept).taken).toBe(1);
  const counts = [...kept.flowMap.values()].map((value) => {
    const bytes = Buffer.from(value, "hex");
    return [bytes.readUInt32LE(FLOW_CARRIED_AT), bytes.readUInt32LE(FLOW_PACKETS_AT)];
  });
  expect(counts).toEqual(Array(size).fill([5, 77]));
  expect(kept.run()).toEqual([]); // nobody is asked
});

it.each([
  ["on a veth pair, carried", 77, 2],
  ["on a TAP now, in the engine", 0, 0],
])("goes on with what the kernel had carried of an endpoint that is %s", (_, device, offloaded) => {
  const on = (d: Dataplane, end: number): void => {
    d.say(endpointOn(end, A, MAC_A, IP_A));
  };
  const former = new Former({ offload: true });
  on(former.d, 77);
  former.open();
  const entries = (d: Dataplane): number =>
    [...d.flowMap.values()].filter((value) => Buffer.from(value, "hex")[FLOW_OFFLOAD_AT]! > 0).length;
  expect(entries(former.d)).toBe(2);
  const d = next([former.left()], { offload: true });
  on(d, device);
  expect(adopt(d).taken).toBe(1);
  expect([entries(d), d.flows().filter((flow) => flow.offloaded).length]).toEqual([offloaded, offloaded / 2]);
});

it.each(["before it was opened", "after that"])(
  "has a flow carried that somebody captured when the former process ended, since %s",
  (since) => {
    const end = (d: Dataplane): void =>
      d.say({ ...(addPort(A, ENDPOINT, MAC_A, IP_A) as Extract<ToWorker, { type: "add-port" }>), device: 77 });
    const former = new Former({ offload: true });
    end(former.d);
    const filter = { proto: 0, client: null, target: null, port: 0, network: -1, drops: false };
    const capture = (): void => former.d.say({ type: "capture", id: 0, capture: 0, ring: captureRing(1 << 16), snap: 64, filter });
    if (since === "before it was opened") capture();
    former.open();
    if (since === "after that") capture();
    const carried = (d: Dataplane): number =>
      [...d.flowMap.values()].filter((value) => Buffer.from(value, "hex")[FLOW_OFFLOAD_AT]! > 0).length;
    expect(carried(former.d)).toBe(0);
    const d = next([former.left()], { offload: true });
    end(d);
    expect(adopt(d).taken).toBe(1);
    d.fromEndpoint(A, p.tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 40000, flags: p.ACK }));
    expect([carried(d), d.flows().filter((flow) => flow.offloaded).length]).toEqual([2, 1]);
  },
);

it("takes out of a map that is kept what led a flow past us, of an endpoint that is on a TAP now", () => {
  const former = new Former({ offload: true });
  former.d.say(endpointOn(77, A, MAC_A, IP_A));
  former.open();
  expect(former.d.flowMap.size).toBe(2);
  const d = next([former.left()], { offload: true });
  for (const [key, value] of former.d.flowMap) d.flowMap.set(key, value);
  d.say(keptMaps(true));
  expect(adopt(d).taken).toBe(1);
  d.at(d.now);
  const left = [...d.flowMap.values()].map((value) => Buffer.from(value, "hex")[FLOW_OFFLOAD_AT]);
  expect(left).toEqual([0]); // the client's packets come to us
  d.fromUplink(p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: 40000, dport: PUBLISHED, flags: p.ACK }));
  d.say({ type: "end-flows", id: 0, client: null, port: 0 });
  expect(d.flowMap.size).toBe(0);
});

it("does not have a flow carried that somebody captures already when it is taken up, until that ends", () => {
  const former = new Former({ offload: true });
  former.d.say(endpointOn(77, A, MAC_A, IP_A));
  former.open();
  const d = next([former.left()], { offload: true });
  d.say(endpointOn(77, A, MAC_A, IP_A));
  const filter = { proto: 0, client: null, target: null, port: 0, network: -1, drops: false };
  d.say({ type: "capture", id: 0, capture: 0, ring: captureRing(1 << 16), snap: 64, filter });
  expect(adopt(d).taken).toBe(1);
  const carried = (): number => [...d.flowMap.values()].filter((value) => Buffer.from(value, "hex")[FLOW_OFFLOAD_AT]! > 0).length;
  expect([carried(), d.flows().filter((flow) => flow.offloaded).length]).toEqual([0, 0]);
  d.say({ type: "end-capture", capture: 0 });
  d.fromEndpoint(A, p.tcp({ src: IP_A, dst: CLIENT }, { sport: TARGET, dport: 40000, flags: p.ACK }));
  expect([carried(), d.flows().filter((flow) => flow.offloaded).length]).toEqual([2, 1]);
});

it("takes what was entered of a carried flow out of the map with it, though nothing is carried any more", () => {
  const former = new Former({ offload: true });
  former.d.say(endpointOn(77, A, MAC_A, IP_A));
  former.open();
  const kept = next([former.left()]);
  for (const [key, value] of former.d.flowMap) kept.flowMap.set(key, value);
  expect(kept.flowMap.size).toBe(2);
  kept.say(endpointOn(77, A, MAC_A, IP_A), keptMaps(false));
  expect(adopt(kept).taken).toBe(1);
  kept.say({ type: "end-flows", id: 1, client: null, port: 0 });
  expect(kept.flowMap.size).toBe(0);
});

describe("a connection whose ends the host's own stack may have answered meanwhile", () => {
  /** Adopted by a process that holds nothing of the former one's but its flows. */
  function adopted(options: Partial<StateOptions> = {}, proto: number = p.TCP): Dataplane {
    const former = new Former(options);
    former.d.publish({ ...BEYOND, proto });
    former.open({ dport: 9000 }, proto);
    const d = next([former.left()], options);
    d.publish({ ...BEYOND, proto });
    expect(adopt(d).taken).toBe(1);
    return d;
  }

  it.each([{}, { offload: true }])("has each end asked, once, as if the other had done it: %j", (options) => {
    const d = adopted(options);
    const asked = d.run();
    expect(asked.map(({ port, bytes }) => ({ port, ...p.parse(bytes) }))).toMatchObject([
      { port: UP, src: CLIENT, dst: "172.18.0.9", sport: 40000, flags: p.ACK },
      { port: UP, src: HOST_IP, dst: CLIENT, sport: 9000, dport: 40000, flags: p.ACK },
    ]);
    for (const { bytes } of asked) expect(p.wrongChecksums(bytes.subarray(p.VNET + p.ETH))).toEqual([]);
    expect(d.run()).toEqual([]);
  });

  it("is over at both ends when one of them does not know it any more", () => {
    const d = adopted();
    d.run();
    // The client's answer to the question has the right numbers, and so has the reset that it gets for it.
    const answer = p.tcp({ src: CLIENT, dst: HOST_IP }, { sport: 40000, dport: 9000, seq: 7001, ack: 9001 });
    const { sport, dport, src, dst } = only(d.fromUplink(answer));
    const reset = p.tcp({ src: dst, dst: src }, { sport: dport, dport: sport, seq: 9001, flags: p.RST });
    expect(only(d.fromUplink(reset))).toMatchObject({ port: UP, src: HOST_IP, dst: CLIENT, dport: 40000, flags: p.RST });
    expect(d.flows()[0]).toMatchObject({ state: "reset" });
  });

  it("is not asked about when it has ended, nor is who sends datagrams", () => {
    const d = adopted();
    d.withdraw(1);
    expect(d.run()).toEqual([]);
    expect(adopted({}, p.UDP).run()).toEqual([]);
  });
});

describe("what an endpoint has opened to elsewhere", () => {
  it.each([
    ["connections", p.TCP],
    ["datagrams", p.UDP],
  ])("goes on behind the same port of the host, from outside too: %s", (_, proto) => {
    const former = new Former();
    const flow = former.open({ from: A, src: IP_A, dst: SERVER, dport: 443 }, proto);
    const d = next([former.left()]);
    expect(adopt(d).taken).toBe(1);
    const answer = { src: SERVER, dst: HOST_IP };
    const ports = { sport: 443, dport: flow.seen!.sport };
    expect(only(d.fromUplink(proto === p.TCP ? p.tcp(answer, ports) : p.udp(answer, ports)))).toMatchObject({
      port: A,
      dst: IP_A,
      dport: 40000,
    });
    // The mapping too: another flow of the endpoint has the same outside port (RFC 4787 REQ-1).
    const more = new Flow(d, { from: A, src: IP_A, sport: 40000, dst: "203.0.113.99", dport: 443 }, proto);
    expect(more.ask(p.SYN)).toBe(true);
    expect(more.seen!.sport).toBe(flow.seen!.sport);
  });

  it("is given up when the host has not got the address any more", () => {
    const former = new Former();
    former.open({ from: A, src: IP_A, dst: SERVER, dport: 443 });
    const d = next([former.left()]);
    d.say(locals(["192.0.2.7"]));
    expect(adopt(d)).toEqual({ taken: 0, left: 0, lost: 1 });
    expect(d.state.pool.used).toBe(0);
  });

  it("finds its endpoint by the address, whatever number that has now", () => {
    const former = new Former();
    former.open({ from: A, src: IP_A, dst: SERVER, dport: 443 });
    const d = next([former.left()]);
    d.say({ type: "remove-port", port: A });
    d.addPort(7, 3, "02:42:ac:11:00:04", IP_A);
    expect(adopt(d).taken).toBe(1);
    expect(d.state.conntrack.egress(0, 1) & 0x3ff).toBe(7);
  });

  /** Endpoint A, of that owner. */
  const owned = (owner: number): ToWorker => {
    const port = addPort(A, ENDPOINT, MAC_A, IP_A) as Extract<ToWorker, { type: "add-port" }>;
    return { ...port, owner };
  };
  const own = (d: Dataplane, owner: number): void => d.say({ type: "remove-port", port: A }, owned(owner));

  it.each([
    ["the same endpoint", 5, 5, 1],
    ["another endpoint", 5, 6, 0],
    ["one of which it is not known", 5, 0, 1],
    ["one, and of the former one it is not known", 0, 6, 1],
  ])("goes on if its address is that of %s", (_, before, now, taken) => {
    const former = new Former();
    own(former.d, before);
    former.open({ from: A, src: IP_A, dst: SERVER, dport: 443 });
    former.open({ dport: PUBLISHED });
    const d = next([former.left()]);
    own(d, now);
    expect(adopt(d, false)).toEqual({ taken: 2 * taken, left: 0, lost: 2 - 2 * taken });
  });

  it("ends as soon as another endpoint gets the address, and the kernel carries nothing of it there", () => {
    const former = new Former();
    own(former.d, 5);
    const { sport } = former.open({ from: A, src: IP_A, dst: SERVER, dport: 443 }).seen!;
    const d = next([former.left()]);
    d.say(keptMaps(true), { type: "remove-port", port: A });
    const ports = [sport >> 8, sport & 0xff, 443 >> 8, 443 & 0xff, p.TCP, 0, 0, 0];
    const key = p.hex(p.join(p.ipBytes(HOST_IP), p.ipBytes(SERVER), Uint8Array.from(ports)));
    d.flowMap.set(key, "");
    expect(adopt(d, false)).toEqual({ taken: 0, left: 1, lost: 0 });
    expect(d.flowMap.has(key)).toBe(true);
    d.say(owned(6));
    expect(d.flowMap.has(key)).toBe(false);
    expect(adopt(d, false)).toEqual({ taken: 0, left: 0, lost: 1 });
  });
});

describe("flows of IPv6, and of both families", () => {
  /** A world of both families whose flows lie in a file. */
  function formerDual(): { d: Dataplane; left: () => FlowFile } {
    const buffer = new ArrayBuffer(flowFileSize(CAPACITY));
    const file = new FlowFile(buffer, CAPACITY);
    file.begin(OWNER, 0, 1, DEFAULT_TIMEOUTS);
    return { d: dual({ conntrackMax: CAPACITY, memory: memoryOf(file) }), left: () => new FlowFile(buffer.slice(0), CAPACITY) };
  }

  function nextDual(file: FlowFile): Dataplane {
    const d = dual({ conntrackMax: CAPACITY, random: new Random(3).int32 }, 0, [file]);
    d.at(1000);
    return d;
  }

  it.each([
    ["a connection to a published port", { from: UP, src: CLIENT6, sport: 40000, dst: HOST_IP6, dport: PUBLISHED }],
    ["a connection to a published port by a neighbor", { from: B, src: IP6_B, sport: 40000, dst: HOST_IP6, dport: PUBLISHED }],
    ["a masqueraded connection", { from: A, src: IP6_A, sport: 40000, dst: SERVER6, dport: 443 }],
  ])("go on, under other handles: %s", (_, opener) => {
    const { d: before, left } = formerDual();
    for (let n = 0; n < 5; n++) new Flow(before, { ...opener, sport: 50_000 + n, src: opener.src }).open();
    const flow = new Flow(before, opener);
    expect(flow.open()).toBe(true);
    const d = nextDual(left());
    expect(adopt(d)).toEqual({ taken: 6, left: 0, lost: 0 });
    expect(d.flows()).toEqual(before.flows());
    const again = new Flow(d, opener);
    expect(again.ask()).toBe(true);
    expect(again.seen).toEqual(flow.seen);
    expect(again.answer()).toBe(true);
    // Held as by flows that were opened here: they go with them.
    d.at(d.now + 7440);
    d.at(d.now + 1);
    expect([d.state.conntrack.used, d.state.addresses.used]).toEqual([0, nextDual(formerDual().left()).state.addresses.used]);
  });

  it("are no flows where their address is not the one that the row was made with", () => {
    const { d: before, left } = formerDual();
    new Flow(before, { from: UP, src: CLIENT6, sport: 40000, dst: HOST_IP6, dport: PUBLISHED }).open();
    for (const spoil of [
      (file: FlowFile): void => void file.addressWords.fill(0),
      (file: FlowFile): void => file.addressWords.set(file.addressWords.map((word) => word ^ 0x0100)),
      (file: FlowFile): void => file.rows.set([-16]), // a handle beyond the table
    ]) {
      const file = left();
      spoil(file);
      const d = nextDual(file);
      expect(adopt(d).taken).toBe(0);
      expect(d.state.conntrack.used).toBe(0);
    }
  });

  it("are reset when they are not known", () => {
    const d = dual();
    const stray = p.tcp({ src: IP6_A, dst: SERVER6 }, { sport: 1, dport: 2 });
    expect(only(d.fromEndpoint(A, stray))).toMatchObject({ port: A, src: SERVER6, dst: IP6_A, sport: 2, dport: 1, flags: p.RST });
  });
});

describe("time", () => {
  it("goes on: a flow ends when it would have ended", () => {
    const former = new Former();
    former.open();
    const d = next([former.left()]);
    d.at(1100);
    adopt(d);
    expect(d.state.conntrack.deadline(0)).toBe(1000 + 7440);
  });

  it("is over for what has been silent for too long", () => {
    const former = new Former();
    former.open();
    const d = next([former.left()]);
    d.at(1000 + 7440);
    expect(adopt(d)).toEqual({ taken: 0, left: 0, lost: 1 });
  });

  it("is counted as the new process is told to", () => {
    const former = new Former();
    former.open();
    const timeouts = DEFAULT_TIMEOUTS.map((sec) => Math.min(sec, 500));
    const d = next([former.left()], { timeouts });
    adopt(d);
    expect(d.state.conntrack.deadline(0)).toBe(1500);
  });

  it("orders what was closed as it was", () => {
    const former = new Former();
    for (const sport of [1, 2, 3]) {
      former.d.at(former.d.now + 1);
      expect(former.open({ sport }).close()).toBe(true);
    }
    const d = next([former.left()]);
    d.at(1003);
    expect(adopt(d).taken).toBe(3);
    const { conntrack } = d.state;
    const oldest = conntrack.oldest(6);
    expect(conntrack.tuple(oldest, 0, 2) & 0xffff).toBe(1 << 8);
    expect(d.state.limits.flowsOf(raw(CLIENT))).toBe(0);
  });
});

it("of what was closed it is still known what the target remembers", () => {
  const one = { masqueradeFirst: 61000, masqueradeLast: 61000 };
  const former = new Former(one);
  const outwards = { from: A, src: IP_A, dst: SERVER, dport: 80 };
  const opened = new Flow(former.d, { ...outwards, sport: 1000 });
  opened.segment = { options: p.timestamps(5000, 1) };
  expect(opened.open() && opened.answer(p.FIN | p.ACK) && opened.ask(p.FIN | p.ACK)).toBe(true);
  const d = next([former.left()], one);
  expect(adopt(d).taken).toBe(1);
  const { conntrack } = d.state;
  expect([conntrack.hasTimestamp(0), conntrack.timestamp(0)]).toEqual([true, 5000]);
  const again = new Flow(d, { ...outwards, sport: 1000 });
  expect([again.open(), conntrack.hasTimestamp(0), d.flows().map(({ state }) => state)]).toEqual([true, false, ["established"]]);
});

it("a connection that was reset after both had closed is taken up, and its target remembers nothing", () => {
  const former = new Former();
  const flow = new Flow(former.d, { from: A, src: IP_A, dst: SERVER, dport: 80, sport: 1000 });
  flow.segment = { options: p.timestamps(5000, 1) };
  expect(flow.open() && flow.answer(p.FIN | p.ACK) && flow.ask(p.FIN | p.ACK) && flow.answer(p.RST)).toBe(true);
  expect([former.d.state.conntrack.hasTimestamp(0), former.d.flows()[0]!.state]).toEqual([false, "reset"]);
  const d = next([former.left()]);
  expect(adopt(d).taken).toBe(1);
  expect(d.flows().map(({ state }) => state)).toEqual(["reset"]);
});

describe("a row that is no flow", () => {
  it.each([
    ["torn: an address of another flow", DST, 0x01020304],
    ["torn: the deltas", DELTA, 1],
    ["of no protocol that is known", STATE, 47 | (3 << 8)],
    ["of no state that is known", STATE, 6 | (200 << 8)],
    ["with bits that mean nothing", STATE, 6 | (3 << 8) | (1 << 20)],
    ["of another family than it says", STATE, 6 | (3 << 8) | (3 << 16)],
    ["from the future", DEADLINE, 1 << 30],
    ["that comes by no port", REPLY + WAY, 0x03ff],
  ])("is passed over: %s", (_, word, value) => {
    const former = new Former();
    former.open();
    const file = former.left();
    file.rows[word] = value;
    const d = next([file]);
    expect(adopt(d).taken).toBe(0);
    expect([d.state.conntrack.used, d.flows()]).toEqual([0, []]);
  });

  it("is passed over wherever the process died while it wrote it, and those beside it are taken", () => {
    const former = new Former();
    former.open();
    former.open({ sport: 2 });
    const whole = former.left();
    for (let word = 0; word < 1 << ROW_SHIFT; word++) {
      const file = former.left();
      file.rows.copyWithin(word, (1 << ROW_SHIFT) + word, 2 << ROW_SHIFT); // the rest of the row as it was for another flow
      const d = next([file]);
      adopt(d);
      expect(d.flows().length).toBeGreaterThan(0);
      for (const flow of d.flows()) expect(former.d.flows().map(({ original }) => original)).toContainEqual(flow.original);
    }
    expect(whole.rows[STATE]).not.toBe(0);
  });

  it("is passed over in a file of noise, which harms nobody", () => {
    const random = new Random(5);
    const file = new Former().left();
    for (let i = 0; i < file.rows.length; i++) file.rows[i] = random.int32();
    const d = next([file]);
    expect(adopt(d).taken).toBe(0);
    expect(new Flow(d, { from: UP, src: CLIENT, sport: 1, dst: HOST_IP, dport: PUBLISHED }).open()).toBe(true);
  });
});

describe("with another number of workers", () => {
  it("a flow goes to the one to whom its packets will come, and to no other", () => {
    const former = new Former();
    const sports = Array.from({ length: 20 }, (_, n) => 40000 + n);
    for (const sport of sports) former.open({ sport });
    const workers = [0, 1, 2].map((worker) => next([former.left()], { worker, workers: 3 }));
    for (const d of workers) adopt(d);
    for (const [worker, d] of workers.entries()) {
      const mine = sports.filter((sport) => workerOf(raw(CLIENT), ((sport & 0xff) << 8) | (sport >> 8), 3) === worker);
      expect(
        d
          .flows()
          .map(({ original }) => Number(original.src.split(":")[1]))
          .sort(),
      ).toEqual(mine);
    }
  });
});

it("keeps no more than the new table has room for", () => {
  const former = new Former();
  for (let n = 0; n < 10; n++) former.open({ sport: 1 + n });
  const d = next([former.left()], { conntrackMax: 4 });
  expect(adopt(d)).toEqual({ taken: 4, left: 0, lost: 6 });
});

it("reads nothing before the flows are there: what waits in a device belongs to them", () => {
  const former = new Former();
  const flow = former.open({ from: A, src: IP_A, dst: SERVER, dport: 53_000 }, p.UDP);
  const d = next([former.left()]);
  const added: number[] = [];
  d.io.addPort = (port: number) => void added.push(port);
  d.addPort(C, 3, "02:42:ac:11:00:06", "172.17.0.6");
  d.say({ type: "remove-port", port: B });
  expect(added).toEqual([]);
  adopt(d);
  expect(added.sort()).toEqual([UP, HOST_PORT, A, C, HELD_PORT]);
  expect(flow.seen).toBeDefined();
});

it("is full where its file has no room, and opens flows again when there is some", () => {
  let room = 1;
  const file = new FlowFile(new ArrayBuffer(flowFileSize(CAPACITY)), CAPACITY);
  const d = new Dataplane({ conntrackMax: CAPACITY, memory: memoryOf(file, () => room) });
  const open = (sport: number): boolean => new Flow(d, { from: A, src: IP_A, sport, dst: SERVER, dport: 80 }).ask(p.SYN);
  expect([open(1), open(2)]).toEqual([true, false]);
  expect([d.drops(A), d.state.pool.used]).toEqual([{ "table-full": 1 }, 1]);
  room = CAPACITY;
  expect(open(2)).toBe(true);
});
