/**
 * Ends of carried connections, forged by somebody who has the addresses and does not see the numbers: of both families and across them, in the client's
 * name and in the target's, with several workers. They change nothing; a real end does.
 */
import { expect } from "vitest";
import { type Case, onTsproxy } from "../support/cases.js";
import { connect } from "../support/clients.js";
import * as p from "../support/packets.js";
import { eventually, sleep } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, ADDR6, addIpv6 } from "../support/topology.js";
import { startInstance } from "../support/tsproxy.js";
import { Wire } from "../support/wire.js";

const ENDS = { FIN: p.FIN, "FIN, ACK": p.FIN | p.ACK, RST: p.RST, "RST, ACK": p.RST | p.ACK, "FIN, RST": p.FIN | p.RST };
/** Neither in a window nor just before one. */
const FAR = [0x1000_0000, 0x8000_0000];

/** `seen`: source of what the target gets. */
const WAYS = [
  ["IPv4", { at: ADDR.host, client: ADDR.client, port: 8999, target: ADDR.c1, gateway: ADDR.gateway, seen: ADDR.client }],
  ["IPv6", { at: ADDR6.host, client: ADDR6.client, port: 9000, target: ADDR6.c1, gateway: ADDR6.gateway, seen: ADDR6.client }],
  ["IPv6 to IPv4", { at: ADDR6.host, client: ADDR6.client, port: 8999, target: ADDR.c1, gateway: ADDR.gateway, seen: ADDR.gateway }],
  ["IPv4 to IPv6", { at: ADDR.host, client: ADDR.client, port: 9000, target: ADDR6.c1, gateway: ADDR6.gateway, seen: ADDR6.gateway }],
] as const;

/** Of what came in at `wire` from TCP port `sport`, or for `dport`, the last segment: its ports and numbers. */
async function last(
  wire: Wire,
  port: { sport: number } | { dport: number },
): Promise<{ sport: number; dport: number; seq: number; ack: number }> {
  const segments = (await wire.received()).flatMap((frame) => {
    const view = new DataView(frame.buffer, frame.byteOffset);
    const ip = p.VNET + p.ETH;
    const isIpv6 = frame[ip]! >> 4 === 6;
    const l4 = ip + (isIpv6 ? 40 : 20);
    if (frame[ip + (isIpv6 ? 6 : 9)] !== p.TCP) return [];
    const [sport, dport] = [view.getUint16(l4), view.getUint16(l4 + 2)];
    return [{ sport, dport, seq: view.getUint32(l4 + 4), ack: view.getUint32(l4 + 8) }];
  });
  return segments.findLast((segment) => ("sport" in port ? segment.sport === port.sport : segment.dport === port.dport))!;
}

/** Ethernet addresses of a frame from a namespace's eth0 to its neighbor. */
function macs({ lab }: Case, ns: string, neighbor: string): [dst: string, src: string] {
  const of = (...argv: string[]): string => /(?:lladdr|ether) (\S+)/.exec(lab.runSync(ns, ["ip", ...argv]))![1]!;
  return [of("neigh", "show", neighbor, "dev", "eth0"), of("link", "show", "eth0")];
}

for (const [name, { at, client, port, target, gateway, seen }] of WAYS)
  onTsproxy(`a forged end changes nothing, ${name}`, "kernel", async (c) => {
    addIpv6(c);
    const publish = [`8999:${ADDR.c1}:8080`, `9000:[${ADDR6.c1}]:8080`].flatMap((spec) => ["-p", spec]);
    const running = await startInstance(c.lab, c.host, [...publish, "--offload", "always", "--workers", "2"]);
    await serve(c.lab, c.c1, "tcp", 8080, { LISTEN: "::" });
    const [lan, inside] = [await Wire.tap(c.lab, c.client), await Wire.tap(c.lab, c.c1)];
    for (const who of ["client", "target"]) {
      const connections = await connect(c.lab, c.client, at, port);
      let lines = 0;
      const exchange = async (count: number): Promise<void> => {
        for (let n = 0; n < count; n++) await connections.exchange(`${who}${lines++}.`);
      };
      await exchange(8);
      const [outer, inner] = [await last(lan, { sport: port }), await last(inside, { dport: 8080 })];
      const state = async (): Promise<[state: string, offloaded: boolean]> => {
        const flow = (await running.flowViews()).find(({ original }) => original.src.endsWith(`:${outer.dport}`))!;
        return [flow.state, flow.offloaded];
      };
      // `ahead` of where a genuine one would be.
      const forge = (flags: number, ahead: number): void => {
        if (who === "client") {
          const [ip, ports] = [
            { src: client, dst: at },
            { sport: outer.dport, dport: port },
          ];
          lan.send(p.frame(...macs(c, c.client, at), p.tcp(ip, { ...ports, flags, seq: (outer.ack + ahead) >>> 0, ack: outer.seq })));
        } else {
          const [ip, ports] = [
            { src: target, dst: seen },
            { sport: 8080, dport: inner.sport },
          ];
          inside.send(p.frame(...macs(c, c.c1, gateway), p.tcp(ip, { ...ports, flags, seq: (inner.ack + ahead) >>> 0, ack: inner.seq })));
        }
      };
      // While nobody has asked yet, the engine does not know that the handshake is over.
      for (const flags of who === "client" ? [p.SYN, p.RST, p.SYN] : [p.SYN | p.ACK, p.RST, p.SYN | p.ACK]) {
        forge(flags, FAR[1]!);
        await sleep(20);
      }
      await exchange(2);
      expect([who, ...(await state())]).toEqual([who, "established", true]);
      for (const [word, flags] of Object.entries(ENDS)) {
        for (const ahead of FAR) forge(flags, ahead);
        await exchange(2); // behind them
        expect([who, word, ...(await state())]).toEqual([who, word, "established", true]);
      }
      forge(p.RST, 0); // the control
      await eventually("the end", async () => (await state())[0] === "reset");
      connections.proc.signal("SIGKILL");
    }
  });
