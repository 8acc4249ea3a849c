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
/** After a change of the IPv4 header, whose checksum is not what lies. */
const summed =
  (change: Change): Change =>
  (f) =>
    p.resummed(change(f));

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
  ["vnet-header", "congestion bits of no segmentation", tcp, vnet({ gso: 0x80 })],
  ["vnet-header", "segmentation of UDP in a TCP segment", tcp, vnet({ flags: 1, gso: 5, gsoSize: 50, start: 34, offset: 16 })],
  ["vnet-header", "segmentation of TCP in a UDP datagram", udp, vnet({ flags: 1, gso: 1, gsoSize: 50, start: 34, offset: 6 })],
  ["vnet-header", "segmentation of IPv6 in IPv4", tcp, vnet({ flags: 1, gso: 4, gsoSize: 50, start: 34, offset: 16 })],
  ["vnet-header", "segmentation of an echo", echo, vnet({ gso: 1, gsoSize: 50 })],
  ["csum-place", "a checksum to be put over the source address", udp, vnet({ flags: 1, start: 20, offset: 6 })],
  ["csum-place", "a checksum to be put over the destination address, counted from layer 4", udp, vnet({ flags: 1, start: 30, offset: 0 })],
  ["csum-place", "a checksum to be put over the IP header's own", tcp, vnet({ flags: 1, start: 14, offset: 10 })],
  ["csum-place", "a checksum to be put over a TCP port", tcp, vnet({ flags: 1, start: 34, offset: 2 })],
  ["csum-place", "a checksum to be put over the TCP flags", tcp, vnet({ flags: 1, start: 34, offset: 13 })],
  ["csum-place", "the place of UDP's checksum in a TCP segment", tcp, vnet({ flags: 1, start: 34, offset: 6 })],
  ["csum-place", "the place of TCP's checksum in a UDP datagram", udp, vnet({ flags: 1, start: 34, offset: 16 })],
  ["csum-place", "a checksum to be put into TCP's data", tcp, vnet({ flags: 1, start: 60, offset: 0 })],
  ["csum-place", "a checksum to be put over a UDP length", udp, vnet({ flags: 1, start: 34, offset: 4 })],
  ["csum-place", "a sum of a whole UDP datagram to be put into its data", udp, vnet({ flags: 1, start: 34, offset: 20 })],
  ["csum-place", "a checksum of an echo to be completed", echo, vnet({ flags: 1, start: 34, offset: 2 })],
  [
    "csum-place",
    "a partial checksum in a first fragment",
    udp,
    (f) => summed(at(IP + 6, 0x20, 0))(vnet({ flags: 1, start: 34, offset: 6 })(f)),
  ],
  [
    "csum-place",
    "a partial checksum in a later fragment",
    udp,
    (f) => summed(at(IP + 6, 0, 9))(vnet({ flags: 1, start: 34, offset: 6 })(f)),
  ],
  ["vnet-header", "hdr_len behind the frame", tcp, vnet({ hdrLen: 500 })],
  ["ip-header", "IHL 4", tcp, at(IP, 0x44)],
  ["ip-header", "version 6 under the type of IPv4", tcp, at(IP, 0x65)],
  ["ip-header", "a total length shorter than the header", tcp, at(IP + 2, 0, 19)],
  ["ip-header", "an IHL longer than the total length", tcp, (f) => at(IP + 2, 0, 59)(at(IP, 0x4f)(f))],
  ["truncated", "a total length longer than the frame", tcp, at(IP + 2, 0xff, 0xff)],
  ["truncated", "a total length that cuts the TCP header", tcp, summed(at(IP + 2, 0, 39))],
  ["truncated", "a total length that cuts the UDP header", udp, summed(at(IP + 2, 0, 27))],
  ["truncated", "a total length that cuts the ICMP header", echo, summed(at(IP + 2, 0, 27))],
  ["ip-checksum", "a header checksum of another header", tcp, at(IP + 8, 63)],
  ["ip-checksum", "no header checksum", udp, at(IP + 10, 0, 0)],
  ["ip-checksum", "a header checksum that leaves the options out", tcp, (f) => p.withOptions(f, Uint8Array.of(7, 7, 4, 0))],
  ["l4-header", "a TCP data offset of 4", tcp, at(IP + 20 + 12, 0x40)],
  ["l4-header", "a TCP data offset behind the end", tcp, (f) => summed(at(IP + 2, 0, 40))(at(IP + 20 + 12, 0x60)(f))],
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
