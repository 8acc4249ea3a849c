/**
 * The steering's byte code on IPv6 packets (BPF_PROG_TEST_RUN): what `emit` enters and where it sends, what `steer` takes for the engine, what it
 * leaves to the host's kernel, and what it does to packets of an offloaded flow. Everything in one namespace.
 */
import { expect, it } from "vitest";
import { ORDER_MOST, STAMP_SIZE } from "../../src/wire/order.js";
import { Lab } from "../support/lab.js";
import * as p from "../support/packets.js";
import { Random } from "../support/random.js";
import { program } from "../support/servers.js";

const CLIENT = "2001:db8:9::9",
  HOST = "2001:db8::1",
  TARGET = "fd00::4",
  FAR = "2001:db8:77::1",
  NEAR_CLIENT = "fe80::9";
const SPORT = 40000,
  PUBLISHED = 8999,
  SERVICE = 8080;
const DEVICE_MAC = "02:00:00:00:00:77",
  ETHERNET = "02000000007702020304050686dd";
const FLAG_RECORD = 1,
  FLAG_CLIENT = 2;
/** linux/pkt_cls.h */
const TC_ACT_UNSPEC = -1,
  TC_ACT_OK = 0,
  TC_ACT_REDIRECT = 7;
const HOP_BY_HOP = 0,
  FRAGMENT = 44,
  AUTHENTICATION = 51,
  DESTINATION = 60;

const toServer = { src: CLIENT, dst: HOST },
  toTarget = { src: CLIENT, dst: TARGET },
  fromTarget = { src: TARGET, dst: CLIENT },
  toClient = { src: HOST, dst: CLIENT };
const clientPorts = { sport: SPORT, dport: PUBLISHED },
  targetPorts = { sport: SPORT, dport: SERVICE },
  servicePorts = { sport: SERVICE, dport: SPORT },
  hostPorts = { sport: PUBLISHED, dport: SPORT };

interface Answer {
  verdict: number;
  frame: string;
  counters: string[];
}

function le32(n: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(n);
  return bytes.toString("hex");
}

/** A frame as the engine writes it; `ingress`: of the client. */
function asked(packet: Uint8Array, flags = 0, ingress = 0): string {
  return `000000000000${le32(ingress)}00${flags.toString(16).padStart(2, "0")}86dd${p.hex(packet)}`;
}

const ports16 = (sport: number, dport: number): string => [sport, dport].map((port) => port.toString(16).padStart(4, "0")).join("");
const key = (src: string, dst: string, sport: number, dport: number, proto: number): string =>
  p.hex(p.ip6Bytes(src)) + p.hex(p.ip6Bytes(dst)) + ports16(sport, dport) + le32(proto);
/** Behind the uplink's interface index: how many may wait for those before them (datagrams alone do), and the client's interface. */
const plain = (ingress: number, mayWait = 0): string => "0".repeat(32) + le32(mayWait) + "0".repeat(16) + le32(ingress) + "0".repeat(72);
/** A whole value: what answers are to get, at which end; the uplink's index is put in. */
const offload = (address: string, port: number, end: number, ingress: number): string =>
  `${"0".repeat(16)}${port.toString(16).padStart(4, "0")}0${end}00${"0".repeat(40)}${le32(ingress)}${"0".repeat(8)}${p.hex(p.ip6Bytes(address))}${"0".repeat(32)}`;

class Run {
  readonly lab = new Lab();
  readonly host = this.lab.addNamespace("host");
  readonly peer = this.lab.addNamespace("peer");
  readonly ingress: number;

  constructor() {
    const { lab, host, peer } = this;
    lab.link(host, "eth0", peer, "eth0");
    lab.link(host, "docker0", peer, "eth1");
    lab.ip(host, `link add up0 type bridge\nlink set up0 up\nlink add in0 address ${DEVICE_MAC} type bridge\nlink set in0 up`);
    lab.ip(host, `link add in1 address ${DEVICE_MAC} type bridge\nlink set in1 up`);
    lab.ip(
      host,
      `addr add ${HOST}/64 dev eth0 nodad\nroute add 2001:db8:9::/48 via fe80::77 dev eth0\naddr add fd00::1/64 dev docker0 nodad`,
    );
    lab.sysctl(host, "net.ipv6.conf.up0.forwarding", 1);
    this.ingress = (JSON.parse(lab.runSync(host, ["ip", "-j", "link", "show", "in0"])) as { ifindex: number }[])[0]!.ifindex;
  }

  async steer(job: { opening?: string[]; put?: [string, string][]; frames?: string[]; locals?: string[]; device?: string }) {
    const { opening = [], put = [], frames = [], locals = [HOST, "fd00::1"], device = "in0" } = job;
    const input = JSON.stringify({ uplink: "up0", device, opening, put, frames, locals: locals.map((text) => p.hex(p.ip6Bytes(text))) });
    const { stdout, stderr } = await this.lab.run(this.host, [process.execPath, program("steer-run")], { input });
    expect(stderr).toBe("");
    return JSON.parse(stdout) as { entries: [string, string][]; opened: Answer[]; answers: Answer[] };
  }
}

const taken = (counter: string): object => ({ verdict: TC_ACT_REDIRECT, counters: [counter] });
/** Instead of its Ethernet addresses it has a stamp then. */
const stamped = (frame: string, counter: string): object => ({
  ...taken(counter),
  frame: expect.stringMatching(`^.{${2 * STAMP_SIZE}}${frame.slice(2 * STAMP_SIZE)}$`),
});
const left = { verdict: TC_ACT_UNSPEC, counters: [] };

it("`emit` and `steer` know IPv6: extension headers, fragments, errors, link-local clients, offloaded flows", async (ctx) => {
  if (process.getuid?.() !== 0) ctx.skip("needs root: network namespaces and BPF");
  const run = new Run();
  ctx.onTestFinished(() => run.lab.close());
  const { ingress } = run;
  const flows = [
    asked(p.tcp(toTarget, targetPorts), FLAG_RECORD),
    asked(p.udp(toTarget, targetPorts), FLAG_RECORD),
    asked(p.echo({ src: HOST, dst: CLIENT }, 77), FLAG_RECORD),
    asked(p.tcp(toClient, hostPorts), FLAG_CLIENT, ingress),
    asked(p.udp(toClient, hostPorts), FLAG_CLIENT, ingress),
    asked(p.udp({ src: HOST, dst: NEAR_CLIENT }, hostPorts), FLAG_CLIENT, ingress),
  ];

  // What `emit` enters, and where it sends.
  const ways: [what: string, frame: string, verdict: number, counter: string][] = [
    ["to a link-local client without an entry", asked(p.udp({ src: HOST, dst: "fe80::8" }, hostPorts)), TC_ACT_OK, "handed-to-stack"],
    ["to an address of the host", asked(p.tcp({ src: "fd00::1", dst: HOST }, hostPorts)), TC_ACT_REDIRECT, "delivered"],
    ["to ::1", asked(p.tcp({ src: "::1", dst: "::1" }, hostPorts)), TC_ACT_REDIRECT, "delivered"],
    ["to the host, from an address that it has not", asked(p.tcp({ src: CLIENT, dst: HOST }, hostPorts)), TC_ACT_OK, "handed-to-stack"],
    ["where no route leads", asked(p.udp({ src: HOST, dst: FAR }, hostPorts)), TC_ACT_OK, "handed-to-stack"],
    ["too big for the way out", asked(p.udp(toTarget, { ...targetPorts, data: p.payload(1500) })), TC_ACT_REDIRECT, "returned"],
    ["a later fragment", asked(p.ipv6(CLIENT, TARGET, FRAGMENT, p.fragment6(17, 64, false, p.payload(9)))), TC_ACT_REDIRECT, "sent"],
  ];
  const { entries, opened } = await run.steer({ opening: [...flows, ...ways.map(([, frame]) => frame)] });
  expect(entries.map(([k, value]) => [k, value.slice(8)]).sort()).toEqual(
    [
      [key(CLIENT, TARGET, SPORT, SERVICE, 6), plain(0)],
      [key(CLIENT, TARGET, SPORT, SERVICE, 17), plain(0, ORDER_MOST)],
      [key(HOST, CLIENT, 77, 77, 58), plain(0)],
      [key(HOST, CLIENT, PUBLISHED, SPORT, 6), plain(ingress)],
      [key(HOST, CLIENT, PUBLISHED, SPORT, 17), plain(ingress, ORDER_MOST)],
      [key(HOST, NEAR_CLIENT, PUBLISHED, SPORT, 17), plain(ingress, ORDER_MOST)],
    ].sort(),
  );
  expect(opened.slice(0, flows.length).map(({ verdict, counters }) => [verdict, ...counters])).toEqual(
    flows.map(() => [TC_ACT_REDIRECT, "sent"]),
  );
  for (const [i, [what, , verdict, counter]] of ways.entries())
    expect(opened[flows.length + i], what).toMatchObject({ verdict, counters: [counter] });

  // What `steer` takes.
  const around = (type: number, packet: Uint8Array): Uint8Array => p.icmp({ src: "2001:db8:5::1", dst: CLIENT }, type, 0, 0, packet);
  const extended = (proto: number, body: Uint8Array): [number, Uint8Array] => {
    const authentication = Uint8Array.of(proto, 2, ...new Uint8Array(14), ...body);
    return [HOP_BY_HOP, p.extension(DESTINATION, p.extension(AUTHENTICATION, authentication, 16))];
  };
  const long =
    (count: number) =>
    (proto: number, body: Uint8Array): [number, Uint8Array] => {
      let [next, all] = [proto, body];
      for (let n = 0; n < count; n++) [next, all] = [DESTINATION, p.extension(next, all)];
      return [next, all];
    };
  const fragment = (id: number, offset: number, more: boolean, body: Uint8Array, next = 17): Uint8Array => {
    const whole = p.fragment6(next, offset, more, body);
    whole[7] = id;
    return p.ipv6(TARGET, CLIENT, FRAGMENT, whole);
  };
  const datagram = (extend: NonNullable<p.Ip["extend"]>): Uint8Array => p.udp({ ...fromTarget, extend }, servicePorts);
  const udpBody = p.udp(fromTarget, { ...servicePorts, data: p.payload(64) }).subarray(40);
  const cases: [what: string, packet: Uint8Array, expected: object][] = [
    ["the client's", p.tcp(toServer, clientPorts), taken("taken-reply")],
    ["the client's, datagrams", p.udp(toServer, clientPorts), taken("taken-reply")],
    ["the target's", p.tcp(fromTarget, servicePorts), taken("taken-reply")],
    ["an echo reply", p.echo({ src: CLIENT, dst: HOST }, 77, true), taken("taken-reply")],
    ["a link-local client's", p.udp({ src: NEAR_CLIENT, dst: HOST }, clientPorts), taken("taken-reply")],
    ["with extension headers", datagram(extended), stamped(ETHERNET + p.hex(datagram(extended)), "taken-reply")],
    ["with eight extension headers", datagram(long(8)), stamped(ETHERNET + p.hex(datagram(long(8))), "taken-reply")],
    ...[1, 2, 3, 4].map((type): [string, Uint8Array, object] => [
      `an error of type ${type}`,
      around(type, p.udp({ ...toTarget, extend: extended }, targetPorts)),
      taken("taken-reply"),
    ]),
    ["a first fragment", fragment(1, 0, true, udpBody), taken("taken-reply")],
    ["its later one, of another next header", fragment(1, 72, false, p.payload(8), 60), taken("taken-fragment")],
    [
      "the later fragment of a packet whose first one is late",
      fragment(2, 72, false, p.payload(8)),
      { verdict: TC_ACT_UNSPEC, counters: ["copied-fragment"] },
    ],
    ["the later fragment of a packet between others", p.ipv6(FAR, CLIENT, FRAGMENT, p.fragment6(17, 72, false, p.payload(8))), left],
    ["one that opens a connection", p.tcp(toServer, { ...clientPorts, flags: p.SYN }), left],
    ["with nine extension headers", p.udp({ ...fromTarget, extend: long(9) }, servicePorts), left],
    ["cut off in its extension headers", p.udp({ ...fromTarget, extend: long(8) }, servicePorts).subarray(0, 60), left],
    ["of nobody's flow", p.tcp(toServer, { ...clientPorts, sport: 1 }), left],
    ["an echo request", p.echo({ src: CLIENT, dst: HOST }, 77), left],
    ["an error about nobody's flow", around(1, p.udp(toTarget, { ...targetPorts, sport: 1 })), left],
    ["from ::1", p.tcp({ src: "::1", dst: HOST }, clientPorts), left],
    ["to ::1", p.tcp({ src: CLIENT, dst: "::1" }, clientPorts), left],
  ];
  const frames = cases.map(([, packet]) => ETHERNET + p.hex(packet));
  const { answers } = await run.steer({ opening: flows, frames });
  for (const [i, [what, , expected]] of cases.entries()) expect(answers[i], what).toMatchObject({ frame: frames[i], ...expected });
  const elsewhere = await run.steer({ opening: flows, frames: frames.slice(0, 3), device: "in1" });
  expect(elsewhere.answers.map(({ verdict }) => verdict)).toEqual([TC_ACT_UNSPEC, TC_ACT_UNSPEC, TC_ACT_REDIRECT]);
  const own = await run.steer({ opening: flows, frames: frames.slice(0, 2), locals: [HOST, CLIENT] });
  for (const answer of own.answers) expect(answer).toMatchObject(left);

  // What it does to packets of an offloaded flow.
  const put = [p.TCP, p.UDP].flatMap((proto): [string, string][] => [
    [key(HOST, CLIENT, PUBLISHED, SPORT, proto), offload(TARGET, SERVICE, 2, ingress)],
    [key(CLIENT, TARGET, SPORT, SERVICE, proto), offload(HOST, PUBLISHED, 1, 0)],
  ]);
  const random = new Random(1);
  const ends = [
    [toServer, clientPorts, toTarget, targetPorts],
    [fromTarget, servicePorts, toClient, hostPorts],
  ] as const;
  const pairs = Array.from({ length: 1000 }, () => {
    const [ip, ports, ipAfter, portsAfter] = random.pick(ends);
    const ttl = random.pick([2, 3, 64, 255]);
    const data = Uint8Array.from({ length: random.below(120) }, () => random.below(256));
    const more = { data, flags: random.pick([p.ACK, p.ACK | p.PSH, p.ACK | p.FIN]), options: new Uint8Array(4 * random.below(6)).fill(1) };
    const build = random.pick([p.tcp, p.udp]);
    return [build({ ...ip, ttl }, { ...ports, ...more }), build({ ...ipAfter, ttl: ttl - 1 }, { ...portsAfter, ...more })] as const;
  });
  const stays = ends.flatMap(([ip, ports]) => [
    ...[p.SYN | p.ACK, p.FIN | p.SYN | p.ACK, p.RST].map((flags) => p.tcp(ip, { ...ports, flags })),
    p.udp({ ...ip, extend: extended }, ports),
    p.tcp({ ...ip, ttl: 1 }, ports),
    p.udp(ip, { ...ports, data: p.payload(40) }).subarray(0, 80),
    p.udp(ip, { ...ports, data: p.payload(1500) }),
  ]);
  const offloaded = await run.steer({
    put,
    frames: [...pairs.map(([before]) => before), ...stays].map((packet) => ETHERNET + p.hex(packet)),
  });
  expect(offloaded.answers.slice(0, pairs.length).map(({ frame }) => frame.slice(28))).toEqual(pairs.map(([, after]) => p.hex(after)));
  expect(new Set(offloaded.answers.slice(0, pairs.length).flatMap(({ counters }) => counters))).toEqual(new Set(["offloaded"]));
  for (const [i, packet] of stays.entries())
    expect(offloaded.answers[pairs.length + i], `stays ${i}`).toEqual({
      verdict: TC_ACT_REDIRECT,
      frame: ETHERNET + p.hex(packet),
      counters: ["taken-reply"],
    });
});
