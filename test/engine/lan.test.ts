/** A network whose endpoints stand on a LAN, through the whole engine: who gets which frame, and how a published port's answers find their way. */
import { describe, expect, it } from "vitest";
import { NO_ICC, ONE_MAC, PASSTHRU, VEPA } from "../../src/table/networks.js";
import { ENDPOINT, LAN } from "../../src/table/ports.js";
import { Dataplane, HOST_IP, MAC_UP, PUBLISHED, TARGET, UP } from "../support/dataplane.js";
import { locals } from "../support/host.js";
import { A, B, datagram, IP_A, IP_B, lan, MAC_A, MAC_B, MAC_PARENT, MAC_PEER, NETWORK, PEER, PORT } from "../support/lan.js";
import * as p from "../support/packets.js";

const ports = (d: Dataplane, port: number, bytes: Uint8Array): number[] => d.send(port, bytes).map((f) => f.port);
const asks = (senderMac: string, senderIp: string, targetIp: string): Uint8Array =>
  p.arpFrame(p.BROADCAST, { senderMac, senderIp, targetIp });

describe("a network on a LAN", () => {
  it("takes frames for its endpoints from the LAN, and sends all that are for others there", () => {
    const d = lan();
    expect(ports(d, PORT, datagram(MAC_PEER, PEER, MAC_A, IP_A))).toEqual([A]);
    expect(ports(d, A, datagram(MAC_A, IP_A, MAC_B, IP_B))).toEqual([B]);
    expect(ports(d, A, datagram(MAC_A, IP_A, MAC_PEER, "203.0.113.1"))).toEqual([PORT]);
    expect(ports(d, A, datagram(MAC_A, IP_A, MAC_PARENT, HOST_IP))).toEqual([PORT]);
    expect(d.dropTotal()).toBe(0);
  });

  it("has groups reach all, of the LAN's own the endpoints, who answer for themselves", () => {
    const d = lan();
    expect(ports(d, A, asks(MAC_A, IP_A, PEER))).toEqual([PORT, B]);
    expect(ports(d, PORT, asks(MAC_PEER, PEER, IP_A))).toEqual([A, B]);
    expect(ports(d, A, asks(MAC_A, IP_A, IP_B))).toEqual([A]); // among themselves, we do
    expect(ports(d, A, asks(MAC_A, "0.0.0.0", IP_A))).toEqual([PORT, B]); // looks for a duplicate
    expect(d.dropTotal()).toBe(0);
  });

  it("drops what is for no endpoint, what says it is from one, and what an endpoint sends as another", () => {
    const d = lan();
    for (const [port, bytes, reason] of [
      [PORT, datagram(MAC_PEER, PEER, "02:00:00:00:77:77", "192.0.2.77"), "unknown-station"],
      [PORT, datagram(MAC_A, IP_A, MAC_B, IP_B), "source-mac-spoofed"],
      [A, datagram(MAC_PEER, IP_A, MAC_B, IP_B), "source-mac-spoofed"],
      [A, datagram(MAC_A, PEER, MAC_B, IP_B), "source-spoofed"],
      [A, asks(MAC_A, PEER, IP_B), "arp-spoofed"],
    ] as const) {
      expect(d.send(port, bytes)).toEqual([]);
      expect(d.drops(port)[reason], reason).toBeGreaterThan(0);
    }
  });

  it("lets an endpoint ask for a lease by DHCP, as itself and from no address, and nothing else from there", () => {
    const d = lan();
    const asksFor = (mac: string, dst = "255.255.255.255"): Uint8Array => {
      const data = new Uint8Array(240);
      data.set([1, 1, 6, 0]);
      data.set(p.macBytes(mac), 28);
      return p.frame(p.BROADCAST, MAC_A, p.udp({ src: "0.0.0.0", dst }, { sport: 68, dport: 67, data }));
    };
    expect(ports(d, A, asksFor(MAC_A))).toEqual([PORT, B]);
    expect(d.dropTotal()).toBe(0);
    for (const bytes of [asksFor(MAC_B), asksFor(MAC_A, PEER), datagram(MAC_A, "0.0.0.0", MAC_PEER, PEER)])
      expect(ports(d, A, bytes)).toEqual([]);
    expect(d.drops(A)).toEqual({ "source-spoofed": 3 });
  });

  it("lets no tagged frame of an endpoint onto the LAN, whose VLANs are other LANs, nor to the host's devices there", () => {
    const d = lan();
    for (const type of [0x8100, 0x88a8]) {
      const tagged = (frame: Uint8Array): number[] => ports(d, A, p.tagged(frame, 10, type));
      expect(tagged(datagram(MAC_A, IP_A, MAC_PEER, PEER))).toEqual([]);
      expect(tagged(datagram(MAC_A, IP_A, MAC_PARENT, HOST_IP))).toEqual([]);
      expect(tagged(asks(MAC_A, IP_A, PEER))).toEqual([B]);
      expect(tagged(datagram(MAC_A, IP_A, MAC_B, IP_B))).toEqual([B]);
    }
    expect(d.drops(A)).toEqual({ "unknown-station": 4 });
  });

  it("without IPv6 of its own has endpoints use any of its addresses, and claim or send from none of the host's", () => {
    const d = lan();
    const [host, own, link] = ["2001:db8::1", "2001:db8::128", "fe80::42:c0ff:fe00:280"];
    d.say(locals([HOST_IP, host]));
    const claim = (target: string): Uint8Array => p.frame(MAC_PEER, MAC_A, p.neighbor({ src: link, dst: "fe80::9" }, 136, target, MAC_A));
    expect(ports(d, A, datagram(MAC_A, own, MAC_PEER, "2001:db8::10"))).toEqual([PORT]);
    expect(ports(d, A, claim(own))).toEqual([PORT]);
    expect(d.dropTotal()).toBe(0);
    expect(ports(d, A, datagram(MAC_A, host, MAC_PEER, "2001:db8::10"))).toEqual([]);
    expect(ports(d, A, claim(host))).toEqual([]);
    expect(d.drops(A)).toEqual({ "source-spoofed": 1, "arp-spoofed": 1 });
  });

  it("speaks with its parent's MAC, whichever that is by now", () => {
    const d = lan();
    d.publish({ target: IP_A, network: NETWORK, snatSource: HOST_IP, onlink: "0.0.0.0/32" });
    d.say({ type: "parent-mac", network: NETWORK, mac: p.macBytes("02:00:00:00:01:02"), device: 0, vlan: 0 });
    const [syn] = d.fromUplink(p.tcp({ src: PEER, dst: HOST_IP }, { sport: 40_000, dport: PUBLISHED, flags: p.SYN }));
    expect(p.parse(syn!.bytes).srcMac).toBe("02:00:00:00:01:02");
  });

  it("announces an endpoint as if it had said so itself: where its MAC is, and whose its addresses are", () => {
    const d = lan();
    d.addPort(13, ENDPOINT, "02:42:c0:00:02:82", "192.0.2.130 2001:db8::82", NETWORK);
    const announce = (mac: string): [number, string][] => {
      d.say({ type: "announce", network: NETWORK, mac: p.macBytes(mac) });
      return d.run().map(({ port, bytes }) => [port, p.hex(bytes)]);
    };
    const mac = "02:42:c0:00:02:82";
    const arp = p.hex(p.arpFrame(p.BROADCAST, { senderMac: mac, senderIp: "192.0.2.130", targetIp: "192.0.2.130" }));
    const ip = { src: "2001:db8::82", dst: "ff02::1", ttl: 255 };
    const ndp = p.hex(p.frame("33:33:00:00:00:01", mac, p.neighbor(ip, 136, "2001:db8::82", mac, 0x20)));
    const all = announce(mac);
    expect(all).toHaveLength(6);
    for (const port of [PORT, A, B]) for (const frame of [arp, ndp]) expect(all).toContainEqual([port, frame]);
    expect(announce(MAC_A).map(([port]) => port)).toEqual([PORT, B, 13]); // has no IPv6
    expect(announce("02:42:c0:00:02:99")).toEqual([]);
    d.say({ type: "announce", network: NETWORK, mac: p.macBytes(mac) }, { type: "remove-port", port: 13 });
    expect(d.run()).toEqual([]);
    expect(d.dropTotal()).toBe(0);
  });

  it("in private mode has endpoints reach the LAN, and not each other", () => {
    const d = lan(NO_ICC);
    expect(ports(d, A, datagram(MAC_A, IP_A, MAC_PEER, PEER))).toEqual([PORT]);
    expect(ports(d, PORT, datagram(MAC_PEER, PEER, MAC_A, IP_A))).toEqual([A]);
    expect(ports(d, PORT, asks(MAC_PEER, PEER, IP_A))).toEqual([A, B]);
    expect(ports(d, A, asks(MAC_A, IP_A, PEER))).toEqual([PORT]);
    expect(d.send(A, datagram(MAC_A, IP_A, MAC_B, IP_B))).toEqual([]);
    expect(d.drops(A).isolated).toBe(1);
  });

  it("translates the answers of a published port's target, whatever next hop they name, and nothing else", () => {
    const d = lan();
    d.publish({ target: IP_A, network: NETWORK, snatSource: HOST_IP, onlink: "0.0.0.0/32" });
    const [request] = d.fromUplink(p.tcp({ src: PEER, dst: HOST_IP }, { sport: 40_000, dport: PUBLISHED, flags: p.SYN }));
    expect([request!.port, p.parse(request!.bytes)]).toMatchObject([
      A,
      { dstMac: MAC_A, srcMac: MAC_PARENT, src: PEER, dst: IP_A, dport: TARGET },
    ]);
    const answer = (dport: number): Uint8Array =>
      p.frame(MAC_PEER, MAC_A, p.tcp({ src: IP_A, dst: PEER }, { sport: TARGET, dport, flags: p.SYN | p.ACK }));
    const [reply] = d.send(A, answer(40_000));
    expect([reply!.port, p.parse(reply!.bytes)]).toMatchObject([UP, { dstMac: MAC_UP, src: HOST_IP, dst: PEER, sport: PUBLISHED }]);
    const quoted = p.udp({ src: PEER, dst: IP_A }, { sport: 5000, dport: 5001 });
    const error = (inner: Uint8Array): Uint8Array => p.frame(MAC_PEER, MAC_A, p.icmpError({ src: IP_A, dst: PEER }, [3, 3, 0], inner));
    const [about] = d.send(A, error(request!.bytes.subarray(p.VNET + p.ETH)));
    expect([about!.port, p.parse(about!.bytes)]).toMatchObject([UP, { src: HOST_IP, dst: PEER }]);
    expect(d.send(A, error(quoted)).map(({ port }) => port)).toEqual([PORT]); // about what was bridged
    const [direct] = d.send(A, answer(40_001));
    expect([direct!.port, p.parse(direct!.bytes)]).toMatchObject([PORT, { dstMac: MAC_PEER, src: IP_A, sport: TARGET }]);
  });

  it("in mode vepa sends all to the LAN, and takes what the switch sends back, but not to its sender", () => {
    const d = lan(VEPA);
    expect(ports(d, A, datagram(MAC_A, IP_A, MAC_B, IP_B))).toEqual([PORT]);
    expect(ports(d, PORT, datagram(MAC_A, IP_A, MAC_B, IP_B))).toEqual([B]);
    expect(ports(d, A, asks(MAC_A, "0.0.0.0", IP_A))).toEqual([PORT]);
    expect(ports(d, PORT, asks(MAC_A, "0.0.0.0", IP_A))).toEqual([B]);
    expect(d.dropTotal()).toBe(0);
    expect(ports(d, A, p.tagged(datagram(MAC_A, IP_A, MAC_B, IP_B), 10))).toEqual([]);
    expect(d.drops(A)).toEqual({ "unknown-station": 1 });
  });

  it("in mode passthru has its endpoint share the host's MAC, and reach the host by it", () => {
    const d = new Dataplane();
    d.say({ type: "add-network", network: NETWORK, subnets: [], flags: PASSTHRU });
    d.addPort(PORT, LAN, MAC_PARENT, undefined, NETWORK);
    d.addPort(A, ENDPOINT, MAC_PARENT, IP_A, NETWORK);
    expect(ports(d, A, datagram(MAC_PARENT, IP_A, MAC_PARENT, HOST_IP))).toEqual([PORT]);
    expect(ports(d, PORT, datagram(MAC_PARENT, HOST_IP, MAC_PARENT, IP_A))).toEqual([A]);
    expect(ports(d, PORT, asks(MAC_PARENT, HOST_IP, IP_A))).toEqual([A]);
    expect(ports(d, A, asks(MAC_PARENT, IP_A, HOST_IP))).toEqual([PORT]);
    expect(d.dropTotal()).toBe(0);
  });
});

describe("a network on a LAN with one MAC", () => {
  const [IP6_A, IP6_B, LINK_A] = ["2001:db8::80", "2001:db8::81", "fe80::42:c0ff:fe00:280"];

  function oneMac(): Dataplane {
    const d = new Dataplane();
    d.say({ type: "add-network", network: NETWORK, subnets: [], flags: ONE_MAC });
    d.addPort(PORT, LAN, MAC_PARENT, undefined, NETWORK);
    for (const [port, mac, ipv4, ipv6] of [[A, MAC_A, IP_A, IP6_A], [B, MAC_B, IP_B, IP6_B]] as const) // biome-ignore format: a table
      d.addPort(port, ENDPOINT, mac, `${ipv4} ${ipv6}`, NETWORK);
    return d;
  }
  const sent = (d: Dataplane, port: number, bytes: Uint8Array): { port: number; srcMac: string; dstMac: string; bytes: Uint8Array }[] =>
    d.send(port, bytes).map(({ port: to, bytes: f }) => {
      const macAt = (at: number): string => p.macText(f.subarray(p.VNET + at, p.VNET + at + 6));
      return { port: to, dstMac: macAt(0), srcMac: macAt(6), bytes: f };
    });

  it("puts that MAC in place of an endpoint's own in all that leaves it", () => {
    const d = oneMac();
    expect(sent(d, A, datagram(MAC_A, IP_A, MAC_PEER, PEER))).toMatchObject([{ port: PORT, srcMac: MAC_PARENT, dstMac: MAC_PEER }]);
    const [arp] = sent(d, A, asks(MAC_A, IP_A, PEER));
    expect(arp).toMatchObject({ port: PORT, srcMac: MAC_PARENT });
    expect(p.hex(arp!.bytes)).not.toContain(MAC_A.replaceAll(":", ""));
    // Solicitation, advertisement: option and checksum.
    for (const type of [135, 136]) {
      const target = type === 135 ? "2001:db8::10" : IP6_A;
      const [message] = sent(d, A, p.frame(MAC_PEER, MAC_A, p.neighbor({ src: IP6_A, dst: "2001:db8::10" }, type, target, MAC_A)));
      const whole = p.frame(MAC_PEER, MAC_PARENT, p.neighbor({ src: IP6_A, dst: "2001:db8::10" }, type, target, MAC_PARENT));
      expect(message!.port).toBe(PORT);
      expect(p.hex(message!.bytes)).toBe(p.hex(whole));
    }
    expect(d.dropTotal()).toBe(0);
  });

  it("has a DHCP client answered by broadcast, since nobody out there knows its MAC (RFC 2131 §4.1)", () => {
    const d = oneMac();
    const message = (flags: number): Uint8Array => {
      const data = new Uint8Array(240);
      data.set([1, 1, 6, 0]);
      data[10] = flags;
      data.set(p.macBytes(MAC_A), 28);
      return p.udp({ src: "0.0.0.0", dst: "255.255.255.255" }, { sport: 68, dport: 67, data });
    };
    const asksFor = (flags: number): Uint8Array => p.frame(p.BROADCAST, MAC_A, message(flags));
    for (const before of [p.partial(asksFor(0)), asksFor(0), asksFor(0x80)]) {
      const [onLan] = sent(d, A, before);
      expect(onLan!.port).toBe(PORT);
      const wire = (frame: Uint8Array): string => p.hex(frame.subarray(p.VNET));
      expect(wire(p.complete(onLan!.bytes))).toBe(wire(p.frame(p.BROADCAST, MAC_PARENT, message(0x80))));
    }
    expect(d.dropTotal()).toBe(0);
  });

  it("gives what comes for it to the endpoint with the address, with its own MAC, from neighbors and the LAN", () => {
    const d = oneMac();
    expect(sent(d, PORT, datagram(MAC_PEER, PEER, MAC_PARENT, IP_B))).toMatchObject([{ port: B, dstMac: MAC_B, srcMac: MAC_PEER }]);
    expect(sent(d, A, datagram(MAC_A, IP_A, MAC_PARENT, IP_B))).toMatchObject([{ port: B, dstMac: MAC_B, srcMac: MAC_PARENT }]);
    expect(sent(d, A, datagram(MAC_A, IP_A, MAC_PARENT, HOST_IP))).toMatchObject([{ port: PORT, dstMac: MAC_PARENT, srcMac: MAC_PARENT }]);
    for (const dst of [IP6_A, LINK_A]) {
      const bytes = p.frame(MAC_PARENT, MAC_PEER, p.udp({ src: "fe80::9", dst }, { sport: 1, dport: 2 }));
      expect(sent(d, PORT, bytes)).toMatchObject([{ port: A, dstMac: MAC_A }]);
    }
    const reply = p.arpFrame(MAC_PARENT, { operation: 2, senderMac: MAC_PEER, senderIp: PEER, targetMac: MAC_PARENT, targetIp: IP_A });
    expect(sent(d, PORT, reply)).toMatchObject([{ port: A, dstMac: MAC_A }]);
    expect(d.dropTotal()).toBe(0);
    expect(sent(d, PORT, datagram(MAC_PEER, PEER, MAC_PARENT, "192.0.2.77"))).toEqual([]);
    expect(d.drops(PORT)).toEqual({ "unknown-station": 1 });
  });
});
