/** Frames to start from: every kind that the dataplane knows, built for the fuzzed world, and frames captured from real programs (`captures/`). */
import fs from "node:fs";
import path from "node:path";
import * as p from "../../support/packets.js";
import type { Random } from "../../support/random.js";
import { linkLocalOf } from "./packet.js";
import {
  CLIENTS6,
  ENDPOINTS,
  type Endpoint,
  HOST_IP,
  HOST_IP6,
  KERNEL_GATEWAY,
  KERNEL_GATEWAY6,
  KERNEL_TARGET,
  KERNEL_TARGET6,
  MAC_UP,
  macOf,
  NETWORKS,
  type Network,
  UP,
} from "./world.js";

export interface Seed {
  port: number;
  frame: Uint8Array;
}

/** What the frames of one family are made of. */
interface Family {
  clients: string[];
  servers: string[];
  host: string;
  loopback: string;
  kernelTarget: string;
  kernelGateway: string;
  /** An own network's gateway that others than its endpoints ask for. */
  otherGateway: string;
  published: number[];
  address(e: Endpoint): string;
  gateway(n: Network): string;
}

const IPV4: Family = {
  clients: ["198.51.100.9", "198.51.100.10", "192.0.2.77"],
  servers: ["203.0.113.80", "203.0.113.53"],
  host: HOST_IP,
  loopback: "127.0.0.1",
  kernelTarget: KERNEL_TARGET,
  kernelGateway: KERNEL_GATEWAY,
  otherGateway: "172.18.0.1",
  published: [8999, 9000, 7000, 80],
  address: (e) => e.address,
  gateway: (n) => n.gateway,
};
const IPV6: Family = {
  clients: [`${CLIENTS6}9`, `${CLIENTS6}10`, "2001:db8:77::77", "fe80::9"],
  servers: ["2001:db8:80::80", "2001:db8:80::53"],
  host: HOST_IP6,
  loopback: "::1",
  kernelTarget: KERNEL_TARGET6,
  kernelGateway: KERNEL_GATEWAY6,
  otherGateway: "fd00:1::1",
  published: [8999, 9000, 7000, 80, 9100, 7100],
  address: (e) => e.address6,
  gateway: (n) => n.gateway6,
};
const MASQUERADE_FIRST = 61_000;
/** From the project's folder, where npm and vitest run. */
const CAPTURES = "test/fuzz/captures";

/** `count` frames that make sense, of few tuples, so that flows are met again. */
export function built(random: Random, count: number, ipv6 = false): Seed[] {
  return Array.from({ length: count }, () => {
    if (!ipv6 || random.below(2) === 0) return one(random, IPV4, ipv6);
    return random.below(6) === 0 ? discovery(random) : one(random, IPV6, ipv6);
  });
}

/** Ethernet frames of real programs, as `captures/*.hex` have them: a frame a line. Each is put before every kind of port. */
export function captured(folder = CAPTURES): Seed[] {
  const files = (fs.existsSync(folder) ? fs.readdirSync(folder) : []).filter((file) => file.endsWith(".hex"));
  return files.flatMap((file) =>
    fs
      .readFileSync(path.join(folder, file), "utf8")
      .split("\n")
      .filter((line) => /^[0-9a-f]{28,}$/.test(line))
      .flatMap((line) => {
        const frame = new Uint8Array([...new Uint8Array(p.VNET), ...p.bytesOf(line)]);
        return [UP, NETWORKS[0]!.hostPort, 2].map((port) => ({ port, frame }));
      }),
  );
}

/** What is asked and said about neighbors. */
function discovery(random: Random): Seed {
  const [port, self] = random.pick([...ENDPOINTS]);
  const mac = macOf(self.address);
  const network = NETWORKS[self.network]!;
  const some = random.pick([...ENDPOINTS.values()]);
  const addresses = [self.address6, linkLocalOf(mac), network.gateway6, linkLocalOf(macOf(network.gateway)), some.address6];
  const src = random.pick([...addresses, "::"]);
  const to = random.pick([mac, macOf(network.gateway), "33:33:00:00:00:01"]);
  const ip = { src, dst: random.pick(["ff02::1", network.gateway6, self.address6]), ttl: 255 };
  const message = p.neighbor(
    ip,
    random.pick([133, 134, 135, 135, 136, 137]),
    random.pick(addresses),
    random.pick([mac, macOf(some.address)]),
  );
  return { port: random.pick([port, port, network.hostPort]), frame: p.frame(to, mac, message) };
}

/** Extension headers for one packet in `every / 3`. */
export function extender(random: Random, every = 12): Pick<p.Ip, "extend"> {
  switch (random.below(every)) {
    case 0:
      return { extend: (next, body) => [60, p.extension(next, body, 8 + 8 * random.below(3))] };
    case 1:
      return { extend: (next, body) => [0, p.extension(43, p.extension(next, body, 24, random.below(4)))] };
    case 2:
      return { extend: (next, body) => [44, p.fragment6(next, 8 * random.pick([0, 0, 1, 100]), random.below(2) === 0, body)] };
    default:
      return {};
  }
}

/** `dual`: of a world with both families, where targets may be of the other one. */
function one(random: Random, f: Family, dual: boolean): Seed {
  const n = 1 + random.below(12);
  const flags = random.pick([p.SYN, p.SYN | p.ACK, p.ACK, p.ACK, p.FIN | p.ACK, p.RST]);
  const data = p.payload(random.pick([0, 1, 20, 300, 3000]));
  const options = random.below(8) === 0 ? new Uint8Array(4 + 4 * random.below(10)).fill(1) : undefined;
  const isIpv4 = f === IPV4;
  const ip = (src: string, dst: string): p.Ip => ({
    src,
    dst,
    ttl: random.pick([1, 2, 64, 64]),
    ...(isIpv4 ? options && { options } : extender(random)),
  });
  const up = (d: Uint8Array): Seed => ({ port: UP, frame: p.frame(MAC_UP, "02:11:22:33:44:55", d) });
  const [port, self] = random.pick([...ENDPOINTS]);
  const network = NETWORKS[self.network]!;
  const mac = macOf(self.address);
  const toGateway = (d: Uint8Array): Seed => ({ port, frame: p.frame(macOf(network.gateway), mac, d) });
  const other = random.pick([...ENDPOINTS.values()]);
  const own = f.address(self);
  const gateway = f.gateway(network);
  const neighbor = f.address(other);
  const client = random.pick(f.clients);
  const server = random.pick(f.servers);
  const mapped = MASQUERADE_FIRST + random.below(40);
  const published = random.pick(dual && isIpv4 ? [...f.published, 9101, 7101] : f.published);
  const fragments = (datagram: Uint8Array): Uint8Array => (isIpv4 ? random.pick(p.fragments(datagram, 1000)) : datagram);
  const unreachable: [number, number, number] = isIpv4 ? [...p.PORT_UNREACHABLE] : [1, 4, 0];
  const errors: [number, number, number][] = isIpv4
    ? [[...p.FRAGMENTATION_NEEDED], [...p.TIME_EXCEEDED]]
    : [
        [2, 0, 1400],
        [3, 0, 0],
        [1, 4, 0],
      ];
  const error = (packet: p.Ip, [type, code, word]: [number, number, number], about: Uint8Array): Uint8Array =>
    p.icmp(packet, type, code, word, about);
  const quoted = random.pick([
    p.tcp(ip(f.host, server), { sport: mapped, dport: 80 }),
    p.tcp(ip(client, own), { sport: n, dport: 8080 }),
    p.udp(ip(f.host, server), { sport: mapped, dport: 53 }),
    p.udp(ip(gateway, own), { sport: mapped, dport: 8080 }),
    p.tcp(ip(f.kernelGateway, f.kernelTarget), { sport: mapped, dport: 7001 }),
  ]);
  const kinds: (() => Seed)[] = [
    () => up(p.tcp(ip(random.pick([client, f.host]), f.host), { sport: n, dport: published, flags, data })),
    () => up(p.udp(ip(client, f.host), { sport: n, dport: published, data })),
    () => up(p.tcp(ip(server, f.host), { sport: 80, dport: mapped, flags, data })),
    () => up(p.tcp(ip(f.kernelTarget, client), { sport: 7001, dport: n, flags, data })),
    () => up(p.udp(ip(f.kernelTarget, client), { sport: 7001, dport: n, data })),
    () => up(p.tcp(ip(f.kernelTarget, f.kernelGateway), { sport: 7001, dport: mapped, flags, data })),
    () => up(p.udp(ip(f.kernelTarget, f.kernelGateway), { sport: 7001, dport: mapped, data })),
    () => up(p.echo(ip(server, f.host), mapped, true)),
    () =>
      up(
        error(
          ip(random.pick([server, f.kernelTarget]), random.pick([f.host, f.kernelGateway])),
          random.pick(errors),
          quoted.slice(0, 48 + random.below(60)),
        ),
      ),
    () => toGateway(p.tcp(ip(own, client), { sport: 8080, dport: n, flags, data })),
    () => toGateway(p.udp(ip(own, client), { sport: 8080, dport: n, data })),
    () => toGateway(p.tcp(ip(own, gateway), { sport: random.pick([8080, 80]), dport: mapped, flags, data })),
    () => toGateway(p.udp(ip(own, gateway), { sport: 8080, dport: mapped, data })),
    () => toGateway(p.tcp(ip(own, random.pick([f.host, server, f.loopback, gateway])), { sport: n, dport: published, flags, data })),
    () => toGateway(p.udp(ip(own, random.pick([server, gateway])), { sport: n, dport: 53, data })),
    () => toGateway(p.echo(ip(own, random.pick([server, gateway, f.otherGateway])), n)),
    () => toGateway(isIpv4 ? p.icmp(ip(own, server), 13, 0, n << 16, p.payload(12)) : p.echo(ip(own, server), n)),
    () => toGateway(error(ip(own, random.pick([client, gateway])), unreachable, quoted)),
    () => toGateway(p.tcp(ip(own, neighbor), { sport: n, dport: 80, flags, data })),
    () => ({
      port,
      frame: p.frame(macOf(other.address), mac, p.tcp(ip(own, neighbor), { sport: n, dport: 80, flags, data })),
    }),
    () => ({
      port,
      frame: p.arpFrame(p.BROADCAST, {
        senderMac: mac,
        senderIp: self.address,
        targetIp: random.pick([network.gateway, other.address]),
      }),
    }),
    () => ({
      port,
      frame: p.arpFrame(macOf(other.address), {
        operation: 2,
        senderMac: mac,
        senderIp: random.pick([self.address, network.gateway]),
        targetMac: macOf(other.address),
        targetIp: other.address,
      }),
    }),
    () => ({
      port,
      frame: p.tagged(toGateway(p.udp(ip(own, gateway), { sport: n, dport: 53 })).frame, random.pick([0, 5])),
    }),
    () => ({ port, frame: p.frame(p.BROADCAST, mac, p.payload(50), random.pick([0x86dd, 0x88cc, 0x0806, 0x8035])) }),
    () => ({ port, frame: p.frame("01:80:c2:00:00:00", mac, p.payload(50), 0x0027) }),
    () => ({
      port: network.hostPort,
      frame: p.frame(mac, macOf(network.gateway), p.tcp(ip(gateway, own), { sport: n, dport: 80, flags })),
    }),
    () => ({
      port: network.hostPort,
      frame: p.frame(mac, macOf(network.gateway), p.udp(ip(client, own), { sport: n, dport: 80 })),
    }),
    () => up(fragments(p.udp(ip(client, f.host), { sport: n, dport: published, data: p.payload(2000) }))),
    () => toGateway(fragments(p.udp(ip(own, server), { sport: n, dport: 53, data: p.payload(2000) }))),
  ];
  const seed = random.pick(kinds)();
  const at = p.u16(seed.frame, 22) === 0x0800 ? 33 : p.u16(seed.frame, 22) === 0x86dd ? 30 : -1;
  const proto = at === -1 ? -1 : seed.frame[at];
  const plain = at === 30 || (p.u16(seed.frame, 30) & 0x3fff) === 0;
  if (!plain || random.below(4) !== 0 || (proto !== p.TCP && proto !== p.UDP)) return seed;
  const gso = random.pick([0, proto === p.UDP ? p.GSO_UDP_L4 : at === 33 ? p.GSO_TCPV4 : p.GSO_TCPV6]);
  return { port: seed.port, frame: p.partial(seed.frame, gso, 100) };
}
