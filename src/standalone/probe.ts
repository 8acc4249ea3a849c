/**
 * Does anything answer at the published targets yet? Asked once before tsproxy is ready, of all targets at the same time,
 * for 300 ms at most. A TCP target is knocked at: the handshake is begun and not finished, so that a server which serves
 * one client and ends is still there for the real one (decision 0054). When that gets no answer, and for UDP, which cannot
 * be asked without disturbing the server, the target's host is asked by an ICMP echo; where the kernel lets us send none,
 * that question is left out.
 */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, knockAt, meaningOf } from "../control/knock.js";
import type { PortSpec } from "../control/mapping.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { type Ping, Pinger } from "./ping.js";

/** `unknown`: it could not be asked. Of a range the first port is asked. */
export interface ProbeResult {
  spec: PortSpec;
  result: Answer;
  /** One line for the user, unless it answers or is unknown. */
  warning: string | undefined;
}

export interface ProbeOptions {
  /** Asks TCP targets by a whole connection, which is closed at once. */
  connect?: boolean;
  ping?: Ping;
}

const TIMEOUT_MS = 300;
/** A local handshake is settled by then, so that most probes need no echo. */
const SETTLED_MS = 50;

/** One result for each different target. Never rejects. */
export async function probeTargets(specs: readonly PortSpec[], { connect = false, ping }: ProbeOptions = {}): Promise<ProbeResult[]> {
  const pinger = ping === undefined ? new Pinger(TIMEOUT_MS - SETTLED_MS) : { ping, close: () => {} };
  const targets = new Map(specs.flatMap(targetsOf));
  const ask: Ask = connect ? connectTo : (address, port) => knockAt(address, port, TIMEOUT_MS);
  const results = await Promise.all(
    [...targets].map(([name, target]) =>
      target.spec.proto === "tcp" ? probeTcp(name, target, ask, pinger.ping) : probeByPing(name, target, pinger.ping),
    ),
  );
  pinger.close();
  return results;
}

type Ask = (address: string, port: number) => Promise<Answer>;

/** One of the addresses that a spec leads to. */
interface Target {
  spec: PortSpec;
  address: string;
  port: number;
}

function targetsOf(spec: PortSpec): [name: string, target: Target][] {
  const all = spec.several ?? eachFamily(spec.targets).map((ip) => ({ ip, port: spec.targetPort }));
  return all.map(({ ip, port }) => {
    const address = formatIp(ip);
    return [`${addressPort(address, port)}/${spec.proto}`, { spec, address, port }];
  });
}

async function probeTcp(name: string, { spec, address, port }: Target, ask: Ask, ping: Ping): Promise<ProbeResult> {
  const asking = ask(address, port);
  let result = await Promise.race([asking, sleep(SETTLED_MS, null, { ref: false })]);
  let up: boolean | null = null;
  if (result === null) [result, up] = await Promise.all([asking, ping(address)]);
  switch (result) {
    case "refused":
      return { spec, result, warning: `nothing answers at ${name} yet: connections will be refused until a server listens there` };
    case "silent":
      return {
        spec,
        result,
        warning: up
          ? `${address} is up but ${name} is silent: a firewall there may drop connections`
          : `nothing answers at ${name} yet: connections will hang until ${address} is up`,
      };
    default:
      return { spec, result, warning: undefined };
  }
}

/** UDP and SCTP. */
async function probeByPing(name: string, { spec, address }: Target, ping: Ping): Promise<ProbeResult> {
  const up = await ping(address);
  if (up === false)
    return { spec, result: "silent", warning: `${address} does not answer a ping: what is sent to ${name} may be lost until it is up` };
  return { spec, result: up ? "answers" : "unknown", warning: undefined };
}

function connectTo(host: string, port: number): Promise<Answer> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: TIMEOUT_MS });
    const settle = (result: Answer): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => settle("answers"));
    socket.on("timeout", () => settle("silent"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => settle(meaningOf(code)));
  });
}
