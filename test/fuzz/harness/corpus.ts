/** Frames to start from: every kind that the dataplane knows, built for the fuzzed world, and frames captured from real programs (`captures/`). */
import fs from "node:fs";
import path from "node:path";
import * as p from "../../support/packets.js";
import type { Random } from "../../support/random.js";
import { ENDPOINTS, HOST_IP, KERNEL_TARGET, MAC_UP, macOf, NETWORKS, UP } from "./world.js";

export interface Seed {
  port: number;
  frame: Uint8Array;
}

const CLIENTS = ["198.51.100.9", "198.51.100.10", "192.0.2.77"];
const SERVERS = ["203.0.113.80", "203.0.113.53"];
const MASQUERADE_FIRST = 61_000;
/** From the project's folder, where npm and vitest run. */
const CAPTURES = "test/fuzz/captures";

/** `count` frames that make sense, of few tuples, so that flows are met again. */
export function built(random: Random, count: number): Seed[] {
  return Array.from({ length: count }, () => one(random));
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

function one(random: Random): Seed {
  const n = 1 + random.below(12);
  const flags = random.pick([p.SYN, p.SYN | p.ACK, p.ACK, p.ACK, p.FIN | p.ACK, p.RST]);
  const data = p.payload(random.pick([0, 1, 20, 300, 3000]));
  const options = random.below(8) === 0 ? new Uint8Array(4 + 4 * random.below(10)).fill(1) : undefined;
  const ip = (src: string, dst: string): p.Ip => ({ src, dst, ttl: random.pick([1, 2, 64, 64]), ...(options ? { options } : {}) });
  const up = (d: Uint8Array): Seed => ({ port: UP, frame: p.frame(MAC_UP, "02:11:22:33:44:55", d) });
  const [port, self] = random.pick([...ENDPOINTS]);
  const network = NETWORKS[self.network]!;
  const mac = macOf(self.address);
  const toGateway = (d: Uint8Array): Seed => ({ port, frame: p.frame(macOf(network.gateway), mac, d) });
  const neighbor = random.pick([...ENDPOINTS.values()]);
  const client = random.pick(CLIENTS);
  const server = random.pick(SERVERS);
  const mapped = MASQUERADE_FIRST + random.below(40);
  const published = random.pick([8999, 9000, 7000, 80]);
  const quoted = random.pick([
    p.tcp(ip(HOST_IP, server), { sport: mapped, dport: 80 }),
    p.tcp(ip(client, self.address), { sport: n, dport: 8080 }),
    p.udp(ip(HOST_IP, server), { sport: mapped, dport: 53 }),
  ]);
  const kinds: (() => Seed)[] = [
    () => up(p.tcp(ip(random.pick([client, HOST_IP]), HOST_IP), { sport: n, dport: published, flags, data })),
    () => up(p.udp(ip(client, HOST_IP), { sport: n, dport: published, data })),
    () => up(p.tcp(ip(server, HOST_IP), { sport: 80, dport: mapped, flags, data })),
    () => up(p.tcp(ip(KERNEL_TARGET, client), { sport: 7001, dport: n, flags, data })),
    () => up(p.udp(ip(KERNEL_TARGET, client), { sport: 7001, dport: n, data })),
    () => up(p.echo(ip(server, HOST_IP), mapped, true)),
    () =>
      up(p.icmpError(ip(server, HOST_IP), random.pick([p.FRAGMENTATION_NEEDED, p.TIME_EXCEEDED]), quoted.slice(0, 28 + random.below(60)))),
    () => toGateway(p.tcp(ip(self.address, client), { sport: 8080, dport: n, flags, data })),
    () => toGateway(p.udp(ip(self.address, client), { sport: 8080, dport: n, data })),
    () =>
      toGateway(
        p.tcp(ip(self.address, random.pick([HOST_IP, server, "127.0.0.1", network.gateway])), { sport: n, dport: published, flags, data }),
      ),
    () => toGateway(p.udp(ip(self.address, random.pick([server, network.gateway])), { sport: n, dport: 53, data })),
    () => toGateway(p.echo(ip(self.address, random.pick([server, network.gateway, "172.18.0.1"])), n)),
    () => toGateway(p.icmp(ip(self.address, server), 13, 0, n << 16, p.payload(12))),
    () => toGateway(p.icmpError(ip(self.address, client), p.PORT_UNREACHABLE, quoted)),
    () => toGateway(p.tcp(ip(self.address, neighbor.address), { sport: n, dport: 80, flags, data })),
    () => ({
      port,
      frame: p.frame(macOf(neighbor.address), mac, p.tcp(ip(self.address, neighbor.address), { sport: n, dport: 80, flags, data })),
    }),
    () => ({
      port,
      frame: p.arpFrame(p.BROADCAST, {
        senderMac: mac,
        senderIp: self.address,
        targetIp: random.pick([network.gateway, neighbor.address]),
      }),
    }),
    () => ({
      port,
      frame: p.arpFrame(macOf(neighbor.address), {
        operation: 2,
        senderMac: mac,
        senderIp: random.pick([self.address, network.gateway]),
        targetMac: macOf(neighbor.address),
        targetIp: neighbor.address,
      }),
    }),
    () => ({
      port,
      frame: p.tagged(toGateway(p.udp(ip(self.address, network.gateway), { sport: n, dport: 53 })).frame, random.pick([0, 5])),
    }),
    () => ({ port, frame: p.frame(p.BROADCAST, mac, p.payload(50), random.pick([0x86dd, 0x88cc, 0x0806, 0x8035])) }),
    () => ({ port, frame: p.frame("01:80:c2:00:00:00", mac, p.payload(50), 0x0027) }),
    () => ({
      port: network.hostPort,
      frame: p.frame(mac, macOf(network.gateway), p.tcp(ip(network.gateway, self.address), { sport: n, dport: 80, flags })),
    }),
    () => ({
      port: network.hostPort,
      frame: p.frame(mac, macOf(network.gateway), p.udp(ip(client, self.address), { sport: n, dport: 80 })),
    }),
    () => up(random.pick(p.fragments(p.udp(ip(client, HOST_IP), { sport: n, dport: 8999, data: p.payload(2000) }), 1000))),
    () => toGateway(random.pick(p.fragments(p.udp(ip(self.address, server), { sport: n, dport: 53, data: p.payload(2000) }), 1000))),
  ];
  const seed = random.pick(kinds)();
  const plain = p.u16(seed.frame, 22) === 0x0800 && (p.u16(seed.frame, 30) & 0x3fff) === 0;
  if (!plain || random.below(4) !== 0 || (seed.frame[33] !== p.TCP && seed.frame[33] !== p.UDP)) return seed;
  const gso = random.pick([0, seed.frame[33] === p.TCP ? p.GSO_TCPV4 : p.GSO_UDP_L4]);
  return { port: seed.port, frame: p.partial(seed.frame, gso, 100) };
}
