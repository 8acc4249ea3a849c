/** What the control side says to a worker, and what becomes of the flows that were open when it said so. */
import { describe, expect, it } from "vitest";
import { FORGET_MAX } from "../../src/dataplane/state.js";
import { Commands } from "../../src/engine/commands.js";
import { RX_PACKETS } from "../../src/engine/counters.js";
import type { FromWorker } from "../../src/engine/messages.js";
import type { HolderRow } from "../../src/engine/views.js";
import { rawWords } from "../../src/table/addresses.js";
import { EGRESS_OFFLOAD } from "../../src/table/conntrack.js";
import { DEFAULT_LIMITS } from "../../src/table/limit-options.js";
import { NO_ICC, PROMISCUOUS } from "../../src/table/networks.js";
import { ENDPOINT, HOST } from "../../src/table/ports.js";
import { NO_ADDRESS } from "../../src/wire/address-word.js";
import {
  A,
  addPort,
  B,
  CLIENT,
  Dataplane,
  GATEWAY,
  HOST_IP,
  HOST_PORT,
  IP_A,
  IP_B,
  ip,
  locals,
  MAC_A,
  MAC_B,
  MAC_C,
  MAC_GATEWAY,
  NET,
  only,
  PUBLISHED,
  prefix,
  type RuleOptions,
  raw,
  SERVER,
  subnet,
  UP,
} from "../support/dataplane.js";
import { dual, TO_A6 } from "../support/dual.js";
import * as p from "../support/packets.js";

const OTHER_HOST_IP = "192.0.2.2",
  /** A server that the kernel reaches, not an endpoint. */
  OUTSIDE = "203.0.113.7";

const at = (port: number, more: Partial<RuleOptions> = {}): Partial<RuleOptions> => ({
  firstPort: port,
  lastPort: port,
  targetPort: port,
  ...more,
});

/** Published ports that differ from one another in one thing only, and one flow, or two, to each: ADDRESS:PORT/PROTO. */
const PUBLISHED_PORTS: [what: string, Partial<RuleOptions>, flows: string[]][] = [
  ["80:80", at(80), ["192.0.2.1:80/tcp"]],
  ["443:443, with the same offset", at(443), ["192.0.2.1:443/tcp"]],
  ["80:80/udp", at(80, { proto: p.UDP }), ["192.0.2.1:80/udp"]],
  ["8080:80, the same port of the target", at(8080, { targetPort: 80 }), ["192.0.2.1:8080/tcp"]],
  ["82:82 of another target", at(82, { target: IP_B }), ["192.0.2.1:82/tcp"]],
  ["81:81 at one address", at(81, { hostIp: HOST_IP }), ["192.0.2.1:81/tcp"]],
  ["81:81 at another address", at(81, { hostIp: OTHER_HOST_IP }), ["192.0.2.2:81/tcp"]],
  ["a range", at(9000, { lastPort: 9009 }), ["192.0.2.1:9000/tcp", "192.0.2.1:9009/tcp"]],
  ["the range behind it", at(9010, { lastPort: 9019 }), ["192.0.2.1:9010/tcp", "192.0.2.1:9019/tcp"]],
];

/** With a second address of the host. */
function host(): Dataplane {
  const d = new Dataplane();
  d.say(locals([HOST_IP, OTHER_HOST_IP, GATEWAY, "127.0.0.1"]));
  return d;
}

/** A client opens a flow to ADDRESS:PORT/PROTO. */
function open(d: Dataplane, to: string, src = CLIENT, sport = 40000): void {
  const [, dst = "", dport, proto] = /^(.+):(\d+)\/(.+)$/.exec(to) ?? [];
  const ports = { sport, dport: Number(dport) };
  const datagram = proto === "udp" ? p.udp({ src, dst }, ports) : p.tcp({ src, dst }, { ...ports, flags: p.SYN });
  expect(d.fromUplink(datagram), to).toHaveLength(1);
}

/** Where the open flows are addressed to. */
function destinations(d: Dataplane): string[] {
  return d
    .flows()
    .map(({ original, proto }) => `${original.dst}/${proto}`)
    .sort();
}

describe("withdrawing a published port", () => {
  it.each(PUBLISHED_PORTS)("ends its own flows and no others: %s", (_, options, flows) => {
    const d = host();
    const ids = new Map(PUBLISHED_PORTS.map(([, each]) => [each, d.publish(each)]));
    const all = PUBLISHED_PORTS.flatMap(([, , each]) => each);
    for (const to of all) open(d, to);
    d.withdraw(ids.get(options)!);
    expect(destinations(d)).toEqual(all.filter((to) => !flows.includes(to)).sort());
    const [port = 0, proto] = [options.firstPort, options.proto ?? p.TCP];
    const to = { src: CLIENT, dst: flows[0]!.split(":")[0]! };
    const drops = d.dropTotal();
    d.fromUplink(proto === p.UDP ? p.udp(to, { sport: 1, dport: port }) : p.tcp(to, { sport: 1, dport: port, flags: p.SYN }));
    expect(d.dropTotal() - drops, "the port is nobody's now").toBe(1);
  });

  it("ends hairpinned flows too", () => {
    const d = host();
    const id = d.publish(at(80));
    open(d, `${HOST_IP}:80/tcp`, HOST_IP);
    expect(d.fromEndpoint(B, p.tcp({ src: IP_B, dst: HOST_IP }, { sport: 5, dport: 80, flags: p.SYN }))).toHaveLength(1);
    expect(d.state.conntrack.used).toBe(2);
    d.withdraw(id);
    expect(d.state.conntrack.used).toBe(0);
  });

  it("ends what its target has sent out of it, and nothing else that the target sends", () => {
    const d = host();
    const id = d.publish(at(5060, { proto: p.UDP, target: IP_A, targetPort: 5061 }));
    const send = (sport: number): { sport: number } => only(d.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport, dport: 7000 })));
    expect([send(5061).sport, send(5062).sport]).toEqual([5060, expect.not.toBeOneOf([5060])]);
    d.withdraw(id);
    expect(d.state.conntrack.used).toBe(1);
    expect(send(5061).sport).not.toBe(5060);
  });

  it("spares what an endpoint sends to the target by itself, to the same port", () => {
    const d = host();
    const id = d.publish(at(80, { target: OUTSIDE, network: -1, onlink: "1.0.0.0/32" }));
    expect(d.fromEndpoint(A, p.tcp({ src: IP_A, dst: OUTSIDE }, { sport: 7, dport: 80, flags: p.SYN }))).toHaveLength(1);
    open(d, `${HOST_IP}:80/tcp`);
    d.withdraw(id);
    expect(destinations(d)).toEqual([`${OUTSIDE}:80/tcp`]);
  });

  it("forgets the steering entries of all flows at once, however many, in steps that fit", () => {
    const d = new Dataplane({ conntrackMax: 4 * FORGET_MAX, offload: true });
    const id = d.publish(at(80, { target: OUTSIDE, network: -1, onlink: "1.0.0.0/32" }));
    const count = FORGET_MAX + 100; // with two entries each
    for (let n = 0; n < count; n++) {
      open(d, `${HOST_IP}:80/tcp`, CLIENT, 1024 + n);
      d.fromUplink(p.tcp({ src: OUTSIDE, dst: CLIENT }, { sport: 80, dport: 1024 + n, flags: p.SYN | p.ACK }));
    }
    expect(d.flowMap.size).toBe(2 * count);
    d.withdraw(id);
    expect([d.state.conntrack.used, d.flowMap.size, d.forgotten.length]).toEqual([0, 0, 2 * count]);
  });

  it("does nothing for a number that no rule has, or has no more", () => {
    const d = host();
    const id = d.publish(at(80));
    d.withdraw(id);
    open(d, `${HOST_IP}:${PUBLISHED}/tcp`);
    d.withdraw(id);
    d.withdraw(99);
    expect(destinations(d)).toEqual([`${HOST_IP}:${PUBLISHED}/tcp`]);
  });
});

describe("removing a port", () => {
  const syn = (dst: string, dport: number): Uint8Array => p.tcp({ src: IP_A, dst }, { sport: 5000, dport, flags: p.SYN });
  const answer = (dport: number): Uint8Array => p.tcp({ src: SERVER, dst: HOST_IP }, { sport: 80, dport, flags: p.SYN | p.ACK });

  it("ends its flows, those to it and those from it, and spares the others", () => {
    const d = host();
    d.publish(at(82, { target: IP_B }));
    open(d, `${HOST_IP}:${PUBLISHED}/tcp`); // to A
    open(d, `${HOST_IP}:82/tcp`); // to B
    d.fromEndpoint(A, syn(SERVER, 80));
    d.fromEndpoint(B, p.tcp({ src: IP_B, dst: SERVER }, { sport: 5000, dport: 80, flags: p.SYN }));
    expect(d.state.conntrack.used).toBe(4);
    d.say({ type: "remove-port", port: A });
    expect(d.flows().map(({ original, reply }) => [original.src, original.dst, reply.src])).toEqual([
      [`${CLIENT}:40000`, `${HOST_IP}:82`, `${IP_B}:82`],
      [`${IP_B}:5000`, `${SERVER}:80`, `${SERVER}:80`],
    ]);
    expect(d.state.pool.used).toBe(1);
  });

  it("brings nothing of its flows to the port that has the number next", () => {
    const d = host();
    open(d, `${HOST_IP}:${PUBLISHED}/tcp`);
    const { sport } = only(d.fromEndpoint(A, syn(SERVER, 80)));
    expect(only(d.fromUplink(answer(sport))).port).toBe(A);
    d.say({ type: "remove-port", port: A }, addPort(A, ENDPOINT, MAC_C, "172.17.0.6"));
    expect(d.fromUplink(answer(sport)), "the answer to the old endpoint").toEqual([]);
    const client = { src: CLIENT, dst: HOST_IP };
    expect(d.fromUplink(p.tcp(client, { sport: 40000, dport: PUBLISHED })), "the client of the old endpoint").toEqual([]);
    expect(d.drops(UP)).toEqual({ "no-flow": 1, "port-gone": 1 });
  });

  it("gives its addresses back once, though both who had it and who finds its device gone remove it", () => {
    const d = dual();
    const address = "fd00::77";
    d.say({ type: "remove-port", port: A }, addPort(A, ENDPOINT, MAC_A, address));
    d.publish({ ...TO_A6, firstPort: 9000, lastPort: 9000, target: address }); // holds it as well
    d.say({ type: "remove-port", port: A }, { type: "remove-port", port: A });
    d.state.addresses.sweep();
    expect(d.state.addresses.find(rawWords(ip(address)), 0)).not.toBe(NO_ADDRESS);
  });

  it("forgets where its station is, what it said, and counts the next one's frames from 0", () => {
    const d = host();
    d.state.networks.flags[NET] = PROMISCUOUS;
    const stranger = "02:00:00:00:12:34";
    const text = (dst: string, src: string): Uint8Array => p.frame(dst, src, p.payload(50), 0x88b5);
    const to = (mac: string): number[] => d.send(B, text(mac, MAC_B)).map(({ port }) => port);
    d.send(A, text(MAC_B, stranger));
    expect([to(MAC_A), to(stranger)]).toEqual([[A], [A]]);
    d.say({ type: "remove-port", port: A });
    expect([to(MAC_A), to(stranger)]).toEqual([[], []]); // flooded, as to the unknown, but there is no other endpoint
    expect(d.drops(B)).toEqual({ "flood-alone": 2 });
    expect(d.send(B, p.arpFrame(p.BROADCAST, { senderMac: MAC_B, senderIp: IP_B, targetIp: IP_A })).map(({ port }) => port)).toEqual([
      HOST_PORT,
    ]);
    expect(d.count(A, RX_PACKETS)).toBe(1);
    d.addPort(A, ENDPOINT, MAC_A, IP_A);
    expect(d.count(A, RX_PACKETS)).toBe(0);
    expect(to(MAC_A)).toEqual([A]);
  });

  it("of the host leaves its network without a gateway until the host has one again", () => {
    const d = host();
    const toHost = p.udp({ src: IP_A, dst: GATEWAY }, { sport: 1, dport: 2 });
    expect(d.fromEndpoint(A, toHost).map(({ port }) => port)).toEqual([HOST_PORT]);
    d.say({ type: "remove-port", port: HOST_PORT });
    expect(d.fromEndpoint(A, toHost)).toEqual([]);
    d.addPort(HOST_PORT, HOST, MAC_GATEWAY);
    expect(d.fromEndpoint(A, toHost).map(({ port }) => port)).toEqual([HOST_PORT]);
  });
});

describe("what the host is", () => {
  it("changes as the control side says: addresses, routes, clients, networks", () => {
    const d = host();
    const fromClient = (dst: string): number =>
      d.fromUplink(p.tcp({ src: CLIENT, dst }, { sport: 9, dport: PUBLISHED, flags: p.SYN })).length;
    expect([fromClient(HOST_IP), fromClient(OTHER_HOST_IP)]).toEqual([1, 1]);
    d.say(locals(["192.0.2.3"]));
    expect([fromClient("192.0.2.3"), fromClient("192.0.2.4")]).toEqual([1, 0]);
    d.say(locals(["192.0.2.5"]));
    expect(d.state.isLocal(raw("192.0.2.3"))).toBe(false);
    d.say({ type: "allow", prefixes: [prefix("10.0.0.0/8")] });
    expect(fromClient("192.0.2.5")).toBe(0);
    d.route();
    expect(only(d.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 53 })))).toMatchObject({
      port: A,
      type: 3,
      code: 0,
    });
    expect(d.drops(A)).toEqual({ "no-route": 1 });
    d.route("192.0.2.5");
    expect(only(d.fromEndpoint(A, p.udp({ src: IP_A, dst: SERVER }, { sport: 1, dport: 53 }))).src).toBe("192.0.2.5");
  });

  it("ends a flow that leaves with an address which the host has no more; the next packet gets another", () => {
    const d = host();
    const query = p.udp({ src: IP_A, dst: SERVER }, { sport: 5555, dport: 53 });
    const { src: before, sport } = only(d.fromEndpoint(A, query));
    expect(before).toBe(HOST_IP);
    open(d, `${HOST_IP}:${PUBLISHED}/tcp`);
    d.say(locals([HOST_IP]));
    expect(only(d.fromEndpoint(A, query))).toMatchObject({ src: HOST_IP, sport }); // it is there still
    d.route("192.0.2.9");
    d.say(locals(["192.0.2.9"]));
    expect(only(d.fromEndpoint(A, query)).src).toBe("192.0.2.9");
    expect(d.state.conntrack.used).toBe(2); // the client's goes on: the address on which it came may be there again
  });

  it("has networks that come and go", () => {
    const d = host();
    const other = { type: "add-network", network: 1, subnets: [subnet("10.9.0.0/16", "10.9.0.1")], flags: NO_ICC } as const;
    const toOther = p.udp({ src: IP_A, dst: "10.9.0.4" }, { sport: 1, dport: 2 });
    d.say(other);
    expect(d.fromEndpoint(A, toOther)).toEqual([]);
    expect(d.drops(A)).toEqual({ isolated: 1 });
    d.say({ type: "remove-network", network: 1 });
    expect(only(d.fromEndpoint(A, toOther)).port).toBe(UP);
  });
});

describe("what the control side asks", () => {
  it("is answered under the question's number", () => {
    const d = host();
    open(d, `${HOST_IP}:${PUBLISHED}/tcp`);
    for (const [id, what] of (["flows", "fdb", "summary"] as const).entries()) d.say({ type: "query", id, what });
    expect(d.told).toMatchObject([
      { type: "answer", id: 0, value: [{ proto: "tcp", state: "syn-sent", original: { dst: `${HOST_IP}:${PUBLISHED}` } }] },
      { type: "answer", id: 1, value: expect.arrayContaining([{ mac: MAC_A, port: A, ageSec: 0, static: true }]) },
      { type: "answer", id: 2, value: { active: 1, capacity: 1024, created: 1, expired: 0, refused: 0, evicted: 0 } },
    ]);
  });

  describe("who has most flows", () => {
    const ask = (d: Dataplane): HolderRow[] => {
      d.say({ type: "query", id: 9, what: "holders" });
      return (d.told.pop() as Extract<FromWorker, { type: "answer" }>).value as HolderRow[];
    };

    it("is told of each kind, and closed flows are not counted", () => {
      const d = new Dataplane();
      for (let n = 0; n < 4; n++)
        for (let sport = 0; sport <= n; sport++) open(d, `${HOST_IP}:${PUBLISHED}/tcp`, `198.51.100.${n}`, 1000 + sport);
      d.fromUplink(p.tcp({ src: "198.51.100.1", dst: HOST_IP }, { sport: 1000, dport: PUBLISHED, flags: p.RST }));
      d.fromEndpoint(B, p.udp({ src: IP_B, dst: OUTSIDE }, { sport: 1, dport: 9 }));
      expect(ask(d)).toEqual([
        { kind: "client", name: "198.51.100.3", flows: 4, limited: false },
        { kind: "client", name: "198.51.100.2", flows: 3, limited: false },
        { kind: "client", name: "198.51.100.0", flows: 1, limited: false },
        { kind: "endpoint", name: IP_B, flows: 1, limited: false },
        { kind: "port", name: `${PUBLISHED}/tcp`, flows: 9, limited: false },
      ]);
    });

    it("is told with who was at his limit last, though he has few", () => {
      const d = new Dataplane({ limits: { ...DEFAULT_LIMITS, newFlowsPerSec: { client: 1, endpoint: 1, port: 9 } } });
      for (let n = 0; n < 5; n++)
        for (const sport of [1, 2])
          d.fromUplink(p.tcp({ src: `198.51.100.${n}`, dst: HOST_IP }, { sport, dport: PUBLISHED, flags: p.SYN }));
      for (const sport of [1, 2]) d.fromEndpoint(B, p.udp({ src: IP_B, dst: OUTSIDE }, { sport, dport: 9 }));
      expect(ask(d).filter((row) => row.limited)).toEqual([
        { kind: "client", name: "198.51.100.4", flows: 1, limited: true },
        { kind: "endpoint", name: IP_B, flows: 1, limited: true },
      ]);
    });

    it("is estimated in a large table", () => {
      const d = new Dataplane({ conntrackMax: 16_384 });
      for (let n = 0; n < 9000; n++) open(d, `${HOST_IP}:${PUBLISHED}/tcp`, n % 3 === 0 ? CLIENT : "198.51.100.77", 1024 + n);
      const [first, second, port] = ask(d);
      expect([first!.name, second!.name, port!.name]).toEqual(["198.51.100.77", CLIENT, `${PUBLISHED}/tcp`]);
      for (const [row, flows] of [
        [first, 6000],
        [second, 3000],
        [port, 9000],
      ] as const)
        expect(row!.flows / flows).toBeCloseTo(1, 1);
    });
  });

  it("has the loop go on until it says stop", () => {
    const d = host();
    expect(d.commands.running).toBe(true);
    d.say({ type: "stop" });
    expect(d.commands.running).toBe(false);
  });

  it("has a descriptor watched and the flow map of the very descriptor used", () => {
    const watched: number[] = [];
    const maps: string[] = [];
    const d = new Dataplane();
    const commands = new Commands(d.state, d.io, d.counters, {
      tell: () => {},
      watch: (fd) => watched.push(fd),
      mapOrder: () => new ArrayBuffer(0),
      readFormer: () => [],
      openStationPairs: () => ({ put: (_keys, _values, count) => count, delete: () => {} }),
      openFlowMap: (fd, family) => {
        maps.push(`${fd} of ${family}`);
        return { lookup: () => false, put: (_, __, count) => count, delete: () => {} };
      },
    });
    commands.carryOut({ type: "watch", fd: 11 });
    commands.carryOut({
      type: "steering",
      flowsFd: 12,
      flows6Fd: 13,
      acrossFd: -1,
      orderFd: -1,
      uplinkDevice: 7,
      isNew: true,
      offload: { ipv4: false, ipv6: false },
    });
    expect([watched, maps]).toEqual([[11], ["12 of 4", "13 of 6"]]);
  });
});

describe("offload that comes true in part", () => {
  it.each([
    [true, true, [true, true]],
    [true, false, [true, false]],
    [false, false, [false, false]],
  ])("IPv4 %s, IPv6 %s leaves the rest to the engine", (ipv4, ipv6, left) => {
    const d = new Dataplane({ offload: true });
    d.publish(at(80, { target: OUTSIDE, network: -1, onlink: "1.0.0.0/32" }));
    open(d, `${HOST_IP}:80/tcp`);
    const { addresses, conntrack } = d.state;
    const across = addresses.take(ip("2001:db8::1"));
    const [id4] = [...Array(conntrack.end).keys()].filter((id) => conntrack.isLive(id));
    const flow = { ...d.state.newFlow, src: across, dst: across, ports: 77 };
    const id6 = conntrack.insert(Object.assign(d.state.newFlow, flow), d.state.now);
    d.say({ type: "offload", ipv4, ipv6 });
    expect([id4!, id6].map((id) => (conntrack.egress(id, 0) & EGRESS_OFFLOAD) !== 0)).toEqual(left);
    expect([d.state.offloads, d.state.offloads6]).toEqual(left);
  });
});

describe("flows that are to end", () => {
  it.each([
    ["all", null, 0, []],
    ["of a client", `${CLIENT}/32`, 0, ["10.0.0.7:9/192.0.2.1:8999"]],
    ["of a network", "10.0.0.0/8", 0, [`${CLIENT}:9/192.0.2.1:8999`, `${CLIENT}:10/192.0.2.2:8999`]],
    ["to a port", null, PUBLISHED + 1, "all stay"],
    ["of a client to a port", `${CLIENT}/32`, PUBLISHED, ["10.0.0.7:9/192.0.2.1:8999"]],
  ] as const)("%s do, with their steering entries, and no others", (_, client, port, left) => {
    const d = new Dataplane({ bypass: false });
    d.say(locals([HOST_IP, OTHER_HOST_IP]));
    for (const [src, sport, dst] of [
      [CLIENT, 9, HOST_IP],
      [CLIENT, 10, OTHER_HOST_IP],
      ["10.0.0.7", 9, HOST_IP],
    ] as const)
      expect(d.fromHeld(p.tcp({ src, dst }, { sport, dport: PUBLISHED }))).toHaveLength(1);
    const names = (): string[] => d.flows().map(({ original }) => `${original.src}/${original.dst}`);
    const before = names();
    const stay = left === "all stay" ? before : [...left];
    d.say({ type: "end-flows", id: 5, client: client === null ? null : prefix(client), port });
    expect(d.told.pop()).toEqual({ type: "answer", id: 5, value: before.length - stay.length });
    d.run();
    expect(names().sort()).toEqual(stay.sort());
    expect(d.flowMap.size).toBe(stay.length);
  });
});
