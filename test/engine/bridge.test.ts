/** The bridge, through the whole engine: who gets which frame, who answers ARP, and what is counted. */
import { describe, expect, it } from "vitest";
import { RX_BYTES, RX_PACKETS, TX_BYTES, TX_PACKETS } from "../../src/engine/counters.js";
import { NO_ICC, PROMISCUOUS } from "../../src/table/networks.js";
import { ENDPOINT } from "../../src/table/ports.js";
import {
  A,
  B,
  C,
  Dataplane,
  GATEWAY,
  HOST_PORT,
  IP_A,
  IP_B,
  IP_C,
  MAC_A,
  MAC_B,
  MAC_C,
  MAC_GATEWAY,
  MAC_UP,
  NET,
  UP,
} from "../support/dataplane.js";
import * as p from "../support/packets.js";

const UNKNOWN = "02:00:00:00:99:99",
  STRANGER = "02:00:00:00:12:34";

/** With a third endpoint. Other stations may be behind the endpoints, as a bridge knows them; what else holds is in source-guard.test.ts. */
function bridge(options = {}): Dataplane {
  const d = new Dataplane(options);
  d.addPort(C, ENDPOINT, MAC_C, IP_C);
  d.state.networks.flags[NET] = PROMISCUOUS;
  return d;
}

const text = (dst: string, src: string, type = 0x88b5): Uint8Array => p.frame(dst, src, p.payload(46), type);
/** For all in the network, the host too. */
const call = (src: string): Uint8Array => p.arpFrame(p.BROADCAST, { senderMac: src, senderIp: IP_A, targetIp: "172.17.0.77" });
const ports = (d: Dataplane, port: number, bytes: Uint8Array): number[] => d.send(port, bytes).map((f) => f.port);

describe("flooding (IEEE 802.1D-2004 §7.7)", () => {
  const multicast = p.udp({ src: IP_A, dst: "224.0.0.251" }, { sport: 5353, dport: 5353 });

  it.each([
    ["ARP", [HOST_PORT, A, B, C], call(STRANGER)],
    ["an IPv4 multicast", [HOST_PORT, A, B, C], p.frame("01:00:5e:00:00:fb", STRANGER, multicast)],
    ["a broadcast of another kind", [A, B, C], text(p.BROADCAST, STRANGER)],
    ["a multicast of another kind", [A, B, C], text("01:00:5e:00:00:fb", STRANGER)],
    ["what is for an unknown station", [A, B, C], text(UNKNOWN, STRANGER)],
  ])("of %s goes to every other port that takes it, never back, never to the uplink, unchanged", (_, takers, frame) => {
    const d = bridge();
    for (const from of [A, B, C]) {
      const out = d.send(from, frame);
      expect(out.map((f) => f.port)).toEqual(takers.filter((port) => port !== from));
      for (const copy of out) expect(copy.bytes).toEqual(frame);
    }
    expect(d.dropTotal()).toBe(0);
  });

  it("of what the host sends goes to every endpoint", () => {
    const d = bridge();
    for (const dst of [p.BROADCAST, "01:00:5e:00:00:fb", UNKNOWN]) expect(ports(d, HOST_PORT, text(dst, MAC_GATEWAY))).toEqual([A, B, C]);
  });

  it("never happens to the sixteen addresses that are for the bridge itself (IEEE 802.1D-2004 §7.12.6)", () => {
    const d = bridge();
    for (let last = 0; last < 16; last++)
      for (const from of [HOST_PORT, A])
        expect(ports(d, from, text(`01:80:c2:00:00:0${last.toString(16)}`, from === A ? MAC_A : MAC_GATEWAY, 0x88cc))).toEqual([]);
    expect([d.drops(A), d.drops(HOST_PORT)]).toEqual([{ "reserved-group": 16 }, { "reserved-group": 16 }]);
    for (const next of ["01:80:c2:00:00:10", "01:80:c2:00:01:00", "01:80:c3:00:00:00", "01:00:c2:00:00:00"])
      expect(ports(d, A, text(next, MAC_A))).toEqual([B, C]);
  });

  it("of a long frame copies its tail too", () => {
    const d = bridge();
    const frame = p.frame(p.BROADCAST, MAC_A, p.payload(9000), 0x88b5);
    for (const copy of d.send(A, frame)) expect(copy.bytes).toEqual(frame);
  });

  it("is a drop where there is nobody else", () => {
    const d = new Dataplane();
    for (const port of [HOST_PORT, B]) d.state.ports.clear(port);
    expect(ports(d, A, text(p.BROADCAST, MAC_A))).toEqual([]);
    expect(d.drops(A)).toEqual({ "flood-alone": 1 });
  });
});

describe("forwarding", () => {
  it("goes to one port for who is known, and learns who speaks", () => {
    const d = bridge();
    expect(ports(d, A, text(STRANGER, MAC_A))).toEqual([B, C]);
    ports(d, C, text(p.BROADCAST, STRANGER));
    expect(ports(d, A, text(STRANGER, MAC_A))).toEqual([C]);
    ports(d, B, text(MAC_A, STRANGER)); // it moved
    expect(ports(d, A, text(STRANGER, MAC_A))).toEqual([B]);
  });

  it("knows configured endpoints before they speak, and lets nobody take their address over", () => {
    const d = bridge();
    expect(ports(d, A, text(MAC_B, MAC_A))).toEqual([B]);
    ports(d, C, text(p.BROADCAST, MAC_B));
    expect(ports(d, A, text(MAC_B, MAC_A))).toEqual([B]);
    ports(d, C, text(p.BROADCAST, MAC_GATEWAY));
    expect(ports(d, A, p.arpFrame(MAC_GATEWAY, { senderMac: MAC_A, senderIp: IP_A, targetIp: "172.17.0.77" }))).toEqual([HOST_PORT]);
  });

  it("forgets who was silent for 300 seconds, a few seconds later at most", () => {
    const d = bridge();
    ports(d, C, text(p.BROADCAST, STRANGER));
    const since = d.now;
    for (let sec = 1; sec < 300; sec++) d.at(since + sec);
    expect(ports(d, A, text(STRANGER, MAC_A))).toEqual([C]);
    for (let sec = 300; sec <= 316; sec++) d.at(since + sec);
    expect(ports(d, A, text(STRANGER, MAC_A))).toEqual([B, C]);
  });

  it("does not send a frame back where it came from, nor take one from a group address", () => {
    const d = bridge();
    expect(ports(d, A, text(MAC_A, STRANGER))).toEqual([]);
    expect(ports(d, A, text(MAC_B, "03:00:00:00:00:01"))).toEqual([]);
    expect(d.drops(A)).toEqual({ "same-port": 1, "source-group": 1 });
  });

  it("floods on when the table is full, counts it, and keeps what it knows", () => {
    const d = bridge({ fdbSlots: 16 });
    for (let n = 0; n < 20; n++) ports(d, C, text(p.BROADCAST, `02:00:00:00:77:${n.toString(16).padStart(2, "0")}`));
    expect(ports(d, A, text("02:00:00:00:77:00", MAC_A))).toEqual([C]);
    expect(ports(d, A, text("02:00:00:00:77:13", MAC_A))).toEqual([B, C]);
    expect(d.state.fdb.full).toBe(16);
  });

  it("passes VLAN-tagged frames as they are, IPv4 inside or not", () => {
    const d = bridge();
    const frame = p.tagged(p.frame(MAC_B, MAC_A, p.udp({ src: IP_A, dst: IP_B }, { sport: 1, dport: 2 })), 42);
    const [out, ...more] = d.send(A, frame);
    expect([out, more]).toEqual([{ port: B, bytes: frame }, []]);
  });

  it("passes partial checksums and segmentation offload between endpoints untouched", () => {
    const d = bridge();
    const frame = p.partial(
      p.frame(MAC_B, MAC_A, p.tcp({ src: IP_A, dst: IP_B }, { sport: 1, dport: 2, data: p.payload(60_000) })),
      p.GSO_TCPV4,
      1448,
    );
    expect(d.send(A, frame)).toEqual([{ port: B, bytes: frame }]);
  });

  it("passes fragments and other protocols between endpoints", () => {
    const d = bridge();
    const fragment = p.udp({ src: IP_A, dst: IP_B, fragment: 0x2000 }, { sport: 1, dport: 2 });
    const gre = p.ipv4({ src: IP_A, dst: IP_B }, 47, p.payload(12));
    for (const datagram of [fragment, gre]) expect(ports(d, A, p.frame(MAC_B, MAC_A, datagram))).toEqual([B]);
  });

  it("keeps the order of what goes to one port, within one batch", () => {
    const d = bridge();
    for (let n = 0; n < 40; n++)
      d.io.put(
        n % 2 === 0 ? A : HOST_PORT,
        p.frame(n % 4 < 2 ? MAC_B : MAC_C, n % 2 === 0 ? MAC_A : MAC_GATEWAY, Uint8Array.of(n), 0x88b5),
      );
    const out = d.run();
    for (const port of [B, C]) {
      const order = out.filter((f) => f.port === port).map((f) => f.bytes[24]!);
      expect(order).toHaveLength(20);
      expect(order).toEqual(order.toSorted((a, b) => a - b));
    }
  });

  it("without icc reaches the host alone, and the host all", () => {
    const d = bridge();
    d.state.networks.flags[NET] = NO_ICC;
    expect([ports(d, A, call(MAC_A)), ports(d, A, text(p.BROADCAST, MAC_A)), ports(d, A, text(MAC_B, MAC_A))]).toEqual([
      [HOST_PORT],
      [],
      [],
    ]);
    expect([ports(d, HOST_PORT, text(p.BROADCAST, MAC_GATEWAY)), ports(d, HOST_PORT, text(MAC_B, MAC_GATEWAY))]).toEqual([[A, B, C], [B]]);
    expect(d.drops(A)).toEqual({ "flood-alone": 1, isolated: 1 });
  });
});

describe("ARP", () => {
  const ask = (targetIp: string, senderIp = IP_A, dst = p.BROADCAST): Uint8Array =>
    p.arpFrame(dst, { senderMac: MAC_A, senderIp, targetIp });

  it.each([
    ["the gateway", GATEWAY, MAC_GATEWAY],
    ["a known endpoint", IP_B, MAC_B],
  ])("for %s is answered to who asks, and not flooded", (_, ip, mac) => {
    const d = bridge();
    for (const dst of [p.BROADCAST, mac]) {
      const [out, ...more] = d.send(A, ask(ip, IP_A, dst));
      expect(more).toEqual([]);
      expect(out!.port).toBe(A);
      expect(out!.bytes).toEqual(
        p.frame(MAC_A, mac, p.arp({ operation: 2, senderMac: mac, senderIp: ip, targetMac: MAC_A, targetIp: IP_A }), 0x0806),
      );
    }
  });

  it("of the host for an endpoint is answered too", () => {
    const d = bridge();
    const [out] = d.send(HOST_PORT, p.arpFrame(p.BROADCAST, { senderMac: MAC_GATEWAY, senderIp: GATEWAY, targetIp: IP_A }));
    expect([out!.port, p.macText(out!.bytes.subarray(32, 38))]).toEqual([HOST_PORT, MAC_A]);
  });

  it.each([
    ["for an unknown address", ask("172.17.0.77")],
    ["of who announces its own (RFC 5227 §2.3)", ask(IP_A)],
    ["of who announces another's", ask(IP_B, IP_B)],
    ["of who probes for its own address (RFC 5227 §2.1.1)", ask(IP_A, "0.0.0.0")],
    ["that is a reply", p.arpFrame(p.BROADCAST, { operation: 2, senderMac: MAC_A, senderIp: IP_A, targetIp: IP_B })],
    ["of another protocol", ask(IP_B).with(26, 0x86)],
  ])("%s is flooded as it is", (_, frame) => {
    const d = bridge();
    const out = d.send(A, frame);
    expect(out.map((f) => f.port)).toEqual([HOST_PORT, B, C]);
    for (const copy of out) expect(copy.bytes).toEqual(frame);
  });

  it("probe for an address that a known endpoint has is answered: a duplicate (RFC 5227 §2.1)", () => {
    const [out] = bridge().send(A, ask(IP_B, "0.0.0.0"));
    expect([out!.port, p.macText(out!.bytes.subarray(32, 38))]).toEqual([A, MAC_B]);
  });

  it("cut short is dropped at every length", () => {
    for (let len = 14; len < 42; len++) {
      const d = bridge();
      expect(ports(d, A, ask(IP_B).subarray(0, 10 + len))).toEqual([]);
      expect(d.drops(A), `${len} bytes`).toEqual({ truncated: 1 });
    }
  });

  it("by the uplink is dropped: it carries IP only", () => {
    const d = bridge();
    expect(ports(d, UP, ask(IP_B))).toEqual([]);
    expect(ports(d, UP, text(MAC_UP, MAC_A, 0x9000))).toEqual([]);
    expect(d.drops(UP)).toEqual({ "not-ip": 2 });
  });
});

describe("counters", () => {
  it("count packets and bytes of the Ethernet frame, a port each", () => {
    const d = bridge();
    for (const n of [1, 2, 3]) d.send(A, text(n === 3 ? p.BROADCAST : MAC_B, MAC_A));
    const all = (port: number): number[] => [RX_PACKETS, RX_BYTES, TX_PACKETS, TX_BYTES].map((what) => d.count(port, what));
    expect([A, B, C, HOST_PORT, UP].map(all)).toEqual([
      [3, 180, 0, 0],
      [0, 0, 3, 180],
      [0, 0, 1, 60],
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ]);
  });

  it.each([
    ["tx-full", -11],
    ["tx-full", -105],
    ["tx-full", -12],
    ["tx-error", -22],
    ["tx-error", -5],
  ])("count under %s what the device answers with %i, at the port that it was for", (reason, errno) => {
    const d = bridge();
    d.io.transmit = (count) => {
      for (let k = 0; k < count; k++) if (d.io.tx[k * 4] === B) d.io.tx[k * 4 + 1] = errno;
      return 1;
    };
    d.send(A, text(p.BROADCAST, MAC_A));
    expect([d.drops(B), d.count(B, TX_PACKETS), d.count(C, TX_PACKETS)]).toEqual([{ [reason]: 1 }, 0, 1]);
  });

  it.each([
    [-22, []],
    [-77, [[A, 77]]],
    [-5, [[A, 5]]],
  ])("count under rx-error a read that failed with %i, and lose the port unless it was one frame's fault", (errno, gone) => {
    const d = bridge();
    const { receive } = d.io;
    d.io.put(A, text(MAC_B, MAC_A));
    d.io.receive = () => {
      const n = receive.call(d.io);
      d.io.rx.set([A, errno, -1, 0], n * 4);
      d.io.receive = receive;
      return n + 1;
    };
    expect(d.run().map((f) => f.port)).toEqual([B]);
    expect([d.drops(A), d.gone, d.count(A, RX_PACKETS)]).toEqual([{ "rx-error": 1 }, gone, 1]);
  });
});
