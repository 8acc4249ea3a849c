/** Frames that are not what they say: each dropped under its reason, at the port that it came from, whichever way in. */
import { describe, expect, it } from "vitest";
import {
  A,
  CLIENT,
  Dataplane,
  HOST_IP,
  IP_A,
  IP_B,
  MAC_A,
  MAC_B,
  MAC_GATEWAY,
  MAC_UP,
  PUBLISHED,
  SERVER,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const IP = p.VNET + p.ETH;
type Change = (f: Uint8Array) => Uint8Array;

/** By the uplink, by the gateway, and from one endpoint to another. */
const WAYS: [string, number, (make: (ip: p.Ip, dport: number) => Uint8Array) => Uint8Array][] = [
  ["by the uplink", UP, (make) => p.frame(MAC_UP, MAC_A, make({ src: CLIENT, dst: HOST_IP }, PUBLISHED))],
  ["by the gateway", A, (make) => p.frame(MAC_GATEWAY, MAC_A, make({ src: IP_A, dst: SERVER }, 80))],
  ["over the bridge", A, (make) => p.frame(MAC_B, MAC_A, make({ src: IP_A, dst: IP_B }, 80))],
];

const tcp = (ip: p.Ip, dport: number): Uint8Array => p.tcp(ip, { sport: 9, dport, flags: p.SYN, data: p.payload(100) });
const udp = (ip: p.Ip, dport: number): Uint8Array => p.udp(ip, { sport: 9, dport, data: p.payload(100) });
const echo = (ip: p.Ip): Uint8Array => p.echo(ip, 1);
const at =
  (offset: number, ...bytes: number[]): Change =>
  (f) => {
    f.set(bytes, offset);
    return f;
  };
const vnet =
  (h: Parameters<typeof p.setVnet>[1]): Change =>
  (f) =>
    p.setVnet(f, h);

const LIES: [string, string, typeof tcp, Change][] = [
  ["vnet-header", "csum_start behind the frame", tcp, vnet({ flags: 1, start: 500, offset: 16 })],
  ["vnet-header", "csum_offset behind the frame", tcp, vnet({ flags: 1, start: 34, offset: 500 })],
  ["vnet-header", "gso_size 0", tcp, vnet({ flags: 1, gso: 1, gsoSize: 0, start: 34, offset: 16 })],
  ["vnet-header", "an unknown gso_type", tcp, vnet({ gso: 9, gsoSize: 10 })],
  ["vnet-header", "hdr_len behind the frame", tcp, vnet({ hdrLen: 500 })],
  ["ip-header", "IHL 4", tcp, at(IP, 0x44)],
  ["ip-header", "version 6 under the type of IPv4", tcp, at(IP, 0x65)],
  ["ip-header", "a total length shorter than the header", tcp, at(IP + 2, 0, 19)],
  ["ip-header", "an IHL longer than the total length", tcp, (f) => at(IP + 2, 0, 59)(at(IP, 0x4f)(f))],
  ["truncated", "a total length longer than the frame", tcp, at(IP + 2, 0xff, 0xff)],
  ["truncated", "a total length that cuts the TCP header", tcp, at(IP + 2, 0, 39)],
  ["truncated", "a total length that cuts the UDP header", udp, at(IP + 2, 0, 27)],
  ["truncated", "a total length that cuts the ICMP header", echo, at(IP + 2, 0, 27)],
  ["l4-header", "a TCP data offset of 4", tcp, at(IP + 20 + 12, 0x40)],
  ["l4-header", "a TCP data offset behind the end", tcp, (f) => at(IP + 2, 0, 40)(at(IP + 20 + 12, 0x60)(f))],
  ["l4-header", "a UDP length of 7", udp, at(IP + 20 + 4, 0, 7)],
  ["l4-header", "a UDP length behind the end", udp, at(IP + 20 + 4, 0, 109)],
  [
    "oversize",
    "a segmented frame with bytes behind the datagram",
    tcp,
    (f) => p.setVnet(new Uint8Array([...f, 1]), { gso: 1, gsoSize: 50 }),
  ],
];

describe.each(WAYS)("%s", (_, port, build) => {
  it.each(LIES)("drops under %s a frame with %s", (reason, _what, make, change) => {
    const d = new Dataplane();
    expect(d.send(port, change(build(make)))).toEqual([]);
    expect(d.drops(port)).toEqual({ [reason]: 1 });
    expect(d.state.conntrack.used).toBe(0);
  });

  it.each([
    ["TCP", tcp],
    ["UDP", udp],
    ["echo", echo],
  ])("drops %s cut short at every length under truncated, a frame without a header too", (_what, make) => {
    const whole = build(make as typeof tcp);
    for (let len = 0; len < whole.length; len++) {
      const d = new Dataplane();
      expect(d.send(port, whole.slice(0, len)), `${len}`).toEqual([]);
      expect(d.drops(port), `${len}`).toEqual({ truncated: 1 });
    }
  });

  it("drops a frame longer than any can be under oversize", () => {
    const d = new Dataplane();
    const frame = new Uint8Array(p.VNET + 14 + 4 + 65535 + 1);
    frame.set(build(tcp));
    expect(d.send(port, frame)).toEqual([]);
    expect(d.drops(port)).toEqual({ oversize: 1 });
  });

  it("takes padding behind a short datagram, which Ethernet adds to 60 bytes", () => {
    const d = new Dataplane();
    const short = build((ip, dport) => p.tcp(ip, { sport: 9, dport, flags: p.SYN }));
    const out = d.send(port, new Uint8Array([...short, ...new Uint8Array(6)]));
    expect(out).toHaveLength(1);
    expect(out[0]!.bytes).toHaveLength(short.length + 6);
    expect(p.wrongIn(out[0]!.bytes)).toEqual([]);
  });
});
