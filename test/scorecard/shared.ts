/** What RFC 4787 asks of UDP and RFC 5382 of TCP in the same words. */
import { expect } from "vitest";
import { A, B, Dataplane, HOST_IP, HOST_PORT, IP_A, IP_B, MASQUERADE_FIRST, only, SERVER, UP } from "../support/dataplane.js";
import * as p from "../support/packets.js";
import { ask, asSent, OTHER_SERVER, opening, type Protocol, ROUTER, reply, SERVICE } from "./probes.js";

export function sameOutsidePort(protocol: Protocol): void {
  const d = new Dataplane();
  const ports = [SERVER, OTHER_SERVER, "198.51.100.77"].map((server) => ask(d, protocol, 1000, server).sport);
  expect(new Set(ports).size).toBe(1);
}

export function differentPorts(protocol: Protocol): void {
  const d = new Dataplane();
  const ports = Array.from({ length: 500 }, (_, n) => [A, B].map((port) => ask(d, protocol, 1000 + n, SERVER, port).sport)).flat();
  expect(new Set(ports).size).toBe(1000);
}

/** Four ports for eight inside ports: which is overloading, since each goes to a server of its own. */
export function sharesPorts(protocol: Protocol): void {
  const d = new Dataplane({ masqueradeFirst: MASQUERADE_FIRST, masqueradeLast: MASQUERADE_FIRST + 3 });
  const ports = Array.from({ length: 8 }, (_, n) => ask(d, protocol, 1000 + n, `203.0.113.${n + 1}`).sport);
  expect(new Set(ports).size).toBe(4);
  expect(ports.flatMap((port, n) => reply(d, protocol, port, `203.0.113.${n + 1}`).map((sent) => p.parse(sent.bytes).dport))).toEqual(
    Array.from({ length: 8 }, (_, n) => 1000 + n),
  );
}

export function filtersByPort(protocol: Protocol): void {
  const d = new Dataplane();
  const { sport } = ask(d, protocol, 1000);
  expect(reply(d, protocol, sport, OTHER_SERVER)).toEqual([]);
  expect(reply(d, protocol, sport, SERVER, SERVICE + 1)).toEqual([]);
  expect(reply(d, protocol, sport)).toHaveLength(1);
  expect(d.drops(UP)).toEqual({ "no-flow": 2 });
}

export function goesToHost(protocol: Protocol): void {
  const d = new Dataplane();
  const { sport } = ask(d, protocol, 1000);
  const sent = d.fromEndpoint(B, opening(protocol, { src: IP_B, dst: HOST_IP }, 2000, sport));
  expect(sent.map(({ port }) => port)).toEqual([HOST_PORT]);
}

export function payloadStays(protocol: Protocol): void {
  const d = new Dataplane();
  const data = new TextEncoder().encode(`INVITE sip:b@${IP_B}\r\nContact: <sip:a@${IP_A}:1000>\r\nPORT 172,17,0,4,3,232\r\n`);
  const ip = { src: IP_A, dst: SERVER };
  if (protocol === "tcp") ask(d, protocol, 1000);
  const packet =
    protocol === "udp"
      ? p.udp(ip, { sport: 1000, dport: SERVICE, data })
      : p.tcp(ip, { sport: 1000, dport: SERVICE, flags: p.ACK | p.PSH, data });
  expect(only(d.fromEndpoint(A, packet)).data).toEqual(data);
}

export function survivesErrors(protocol: Protocol): void {
  const d = new Dataplane();
  const out = ask(d, protocol, 1000);
  const unreachable = [0, 1, 2, 3, 4, 5, 9, 10, 13].map((code) => [3, code] as const);
  for (const [type, code] of [...unreachable, [4, 0], [5, 1], [11, 0], [11, 1], [12, 0]] as const)
    d.fromUplink(p.icmp({ src: ROUTER, dst: HOST_IP }, type, code, 0, asSent(out).slice(0, 48)));
  expect(reply(d, protocol, out.sport)).toHaveLength(1);
}
