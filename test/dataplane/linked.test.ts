/** Links in a network without ICC: A is linked to B, whose TCP port 80, UDP port 53 and SCTP ports 7000 to 7009 are open to it. Through the whole engine. */
import { describe, expect, it } from "vitest";
import { NO_ICC, PROMISCUOUS } from "../../src/table/networks.js";
import { ENDPOINT } from "../../src/table/ports.js";
import { A, B, C, type Dataplane, IP_A, IP_B, IP_C, MAC_A, MAC_B, MAC_C } from "../support/dataplane.js";
import { dual, IP6_A, IP6_B } from "../support/dual.js";
import { ip } from "../support/ip.js";
import * as p from "../support/packets.js";
import { INIT, sctp } from "../support/sctp.js";

const ENDS = [
  { client: IP_A, server: IP_B },
  { client: IP6_A, server: IP6_B },
];
const PORTS = [
  { proto: 6, first: 80, last: 80 },
  { proto: 17, first: 53, last: 53 },
  { proto: 132, first: 7000, last: 7009 },
];

const sctpInit = (ends: p.Ip, sport: number, dport: number): Uint8Array => sctp(ends, { sport, dport, type: INIT });

function linked(): Dataplane {
  const d = dual({}, NO_ICC);
  for (const { client, server } of ENDS) d.say({ type: "link", client: ip(client), server: ip(server), ports: PORTS });
  return d;
}

describe.each(ENDS)("from $client to $server", ({ client, server }) => {
  const out = { src: client, dst: server };
  const back = { src: server, dst: client };
  const passes = (datagram: Uint8Array, d = linked()): boolean => {
    const isBack = p.parseIp(datagram).src === server;
    const frame = isBack ? p.frame(MAC_A, MAC_B, datagram) : p.frame(MAC_B, MAC_A, datagram);
    const sent = d.send(isBack ? B : A, frame);
    if (sent.length === 0) expect(d.drops(isBack ? B : A)).toEqual({ isolated: 1 });
    else expect(sent).toEqual([{ port: isBack ? A : B, bytes: frame }]);
    return sent.length > 0;
  };
  const syn = p.tcp(out, { sport: 4000, dport: 80, flags: p.SYN });

  it("packets to the ports pass as they are, and the answers", () => {
    expect(passes(syn)).toBe(true);
    expect(passes(p.tcp(back, { sport: 80, dport: 4000, flags: p.SYN | p.ACK }))).toBe(true);
    expect(passes(p.udp(out, { sport: 4000, dport: 53 }))).toBe(true);
    expect(passes(p.udp(back, { sport: 53, dport: 4000 }))).toBe(true);
    for (const dport of [7000, 7009]) expect(passes(sctpInit(out, 4000, dport))).toBe(true);
  });

  it("nothing else passes: other ports and protocols, an echo, and what opens the other way", () => {
    expect(passes(p.tcp(out, { sport: 4000, dport: 81, flags: p.SYN }))).toBe(false);
    expect(passes(p.tcp(out, { sport: 80, dport: 4000, flags: p.ACK }))).toBe(false);
    expect(passes(p.udp(out, { sport: 4000, dport: 80 }))).toBe(false);
    expect(passes(sctpInit(out, 4000, 7010))).toBe(false);
    expect(passes(p.echo(out, 7))).toBe(false);
    expect(passes(p.tcp(back, { sport: 4000, dport: 80, flags: p.SYN }))).toBe(false);
    expect(passes(p.tcp(back, { sport: 80, dport: 4000, flags: p.SYN }))).toBe(false);
    expect(passes(sctpInit(back, 7000, 4000))).toBe(false);
    expect(passes(p.udp(back, { sport: 4000, dport: 53 }))).toBe(false);
  });

  it("an error about a packet of the link passes in both directions, and no other", () => {
    const kind: readonly [number, number, number] = client.includes(":") ? [1, 4, 0] : p.PORT_UNREACHABLE;
    expect(passes(p.icmpError(back, kind, p.udp(out, { sport: 4000, dport: 53 })))).toBe(true);
    expect(passes(p.icmpError(out, kind, p.udp(back, { sport: 53, dport: 4000 })))).toBe(true);
    expect(passes(p.icmpError(back, kind, p.udp(out, { sport: 4000, dport: 54 })))).toBe(false);
    expect(passes(p.icmpError(back, kind, p.udp(out, { sport: 4000, dport: 53 }).subarray(0, client.includes(":") ? 44 : 24)))).toBe(false);
  });

  it("other ports are open once it is said anew, and none after it is taken back", () => {
    const d = linked();
    const say = (ports: typeof PORTS): void => d.say({ type: "link", client: ip(client), server: ip(server), ports });
    const used = d.state.addresses.used;
    say([{ proto: 6, first: 1, last: 79 }]);
    expect(d.send(A, p.frame(MAC_B, MAC_A, syn))).toEqual([]);
    say(PORTS);
    expect(d.state.addresses.used).toBe(used);
    expect(d.send(A, p.frame(MAC_B, MAC_A, syn))).toHaveLength(1);
    say([]);
    say([]);
    expect(d.send(A, p.frame(MAC_B, MAC_A, syn))).toEqual([]);
  });
});

it("only between the two themselves: not from another that has the address, nor to another's MAC", () => {
  const d = dual({}, NO_ICC | PROMISCUOUS);
  d.addPort(C, ENDPOINT, MAC_C, IP_C);
  d.say({ type: "link", client: ip(IP_A), server: ip(IP_B), ports: PORTS });
  const syn = p.tcp({ src: IP_A, dst: IP_B }, { sport: 4000, dport: 80, flags: p.SYN });
  expect(d.send(C, p.frame(MAC_B, MAC_C, syn))).toEqual([]);
  expect(d.send(A, p.frame(MAC_C, MAC_A, syn))).toEqual([]);
  expect([d.drops(C), d.drops(A)]).toEqual([{ isolated: 1 }, { isolated: 1 }]);
  expect(d.send(A, p.frame(MAC_B, MAC_A, syn))).toHaveLength(1);
});

it("later fragments pass between the two: without the first one, which is looked at, they are of no use", () => {
  const [first, later] = p.fragments(p.numbered(p.udp({ src: IP_A, dst: IP_B }, { sport: 4000, dport: 54, data: p.payload(64) }), 9), 40);
  const d = linked();
  expect(d.send(A, p.frame(MAC_B, MAC_A, first!))).toEqual([]);
  expect(d.send(A, p.frame(MAC_B, MAC_A, later!))).toHaveLength(1);
});
