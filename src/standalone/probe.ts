/**
 * Does anything answer at the published targets yet? Asked once before tsproxy is ready, of all targets at the same time,
 * for 300 ms at most. A TCP target is asked by a connection; when that gets no answer, and for UDP, which cannot be
 * asked without disturbing the server, the target's host is asked by an ICMP echo; where the kernel lets us send none,
 * that question is left out.
 */
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { PortSpec } from "../control/port-spec.js";
import { type Ping, Pinger } from "./ping.js";

/** `unknown`: it could not be asked. Of a range the first port is asked. */
export interface ProbeResult {
  spec: PortSpec;
  result: "answers" | "refused" | "silent" | "unknown";
  /** One line for the user, unless it answers or is unknown. */
  warning: string | undefined;
}

const TIMEOUT_MS = 300;
/** A local connection is settled by then, so that most probes need no echo. */
const SETTLED_MS = 50;

/** One result for each different target. Never rejects. */
export async function probeTargets(specs: readonly PortSpec[], ping?: Ping): Promise<ProbeResult[]> {
  const pinger = ping === undefined ? new Pinger(TIMEOUT_MS - SETTLED_MS) : { ping, close: () => {} };
  const targets = new Map(specs.map((spec) => [`${spec.targetIp}:${spec.targetPort}/${spec.proto}`, spec]));
  const results = await Promise.all(
    [...targets].map(([name, spec]) => (spec.proto === "tcp" ? probeTcp(name, spec, pinger.ping) : probeUdp(name, spec, pinger.ping))),
  );
  pinger.close();
  return results;
}

async function probeTcp(name: string, spec: PortSpec, ping: Ping): Promise<ProbeResult> {
  const connecting = connect(spec.targetIp, spec.targetPort);
  let result = await Promise.race([connecting, sleep(SETTLED_MS, null, { ref: false })]);
  let up: boolean | null = null;
  if (result === null) [result, up] = await Promise.all([connecting, ping(spec.targetIp)]);
  switch (result) {
    case "refused":
      return { spec, result, warning: `nothing answers at ${name} yet: connections will be refused until a server listens there` };
    case "silent":
      return {
        spec,
        result,
        warning: up
          ? `${spec.targetIp} is up but ${name} is silent: a firewall there may drop connections`
          : `nothing answers at ${name} yet: connections will hang until ${spec.targetIp} is up`,
      };
    default:
      return { spec, result, warning: undefined };
  }
}

async function probeUdp(name: string, spec: PortSpec, ping: Ping): Promise<ProbeResult> {
  const up = await ping(spec.targetIp);
  if (up === false)
    return { spec, result: "silent", warning: `${spec.targetIp} does not answer a ping: datagrams to ${name} may be lost until it is up` };
  return { spec, result: up ? "answers" : "unknown", warning: undefined };
}

function connect(host: string, port: number): Promise<"answers" | "refused" | "silent" | "unknown"> {
  return new Promise((resolve) => {
    const socket = net.connect({ host, port, timeout: TIMEOUT_MS });
    const settle = (result: "answers" | "refused" | "silent" | "unknown"): void => {
      socket.destroy();
      resolve(result);
    };
    socket.on("connect", () => settle("answers"));
    socket.on("timeout", () => settle("silent"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED") settle("refused");
      else settle(code === "EMFILE" || code === "EADDRNOTAVAIL" || code === "EPERM" || code === "EACCES" ? "unknown" : "silent");
    });
  });
}
