/**
 * Who is left in TIME-WAIT. The end of a connection that closes first keeps its ports for a minute (RFC 9293 §3.6.1). If that is the client, it has
 * those ports less for that server: Linux gives it 28,232 (`net.ipv4.ip_local_port_range`), so a peer that delays the server's FIN takes its clients'
 * ports away. A relay ends connections and begins others, so it has ports of its own to lose.
 */
import { eventually } from "../test/support/proc.js";
import type { Places, Session } from "./topology.js";

/** Longer than TIME-WAIT lasts. */
const GONE_MS = 65_000;

export interface Counts {
  /** In TIME-WAIT now. */
  timeWait: Record<keyof Places, number>;
  /** SYNs that somebody has sent again so far: the first was lost, or turned away. */
  synAgain: number;
}

/** Sockets in TIME-WAIT, as a namespace's /proc/net/sockstat has them: of both families. */
export function timeWaitOf(sockstat: string): number {
  return Number(/^TCP: .*\btw (\d+)/m.exec(sockstat)?.[1] ?? Number.NaN);
}

/** A counter of /proc/net/netstat, which has a line of names and below it a line of numbers. */
export function tcpExtOf(netstat: string, name: string): number {
  const [names = "", numbers = ""] = netstat.split("\n").filter((line) => line.startsWith("TcpExt:"));
  return Number(numbers.split(" ")[names.split(" ").indexOf(name)] ?? Number.NaN);
}

export function countsOf({ lab, places }: Session): Counts {
  const read = (ns: string): string => lab.runSync(ns, ["cat", "/proc/net/sockstat", "/proc/net/netstat"]);
  const [client, between, server] = [places.client.map(read), places.between.map(read), places.server.map(read)];
  const sum = (texts: readonly string[], of: (text: string) => number): number => texts.reduce((total, text) => total + of(text), 0);
  return {
    timeWait: { client: sum(client, timeWaitOf), between: sum(between, timeWaitOf), server: sum(server, timeWaitOf) },
    synAgain: sum([...client, ...between], (text) => tcpExtOf(text, "TCPSynRetrans")),
  };
}

/**
 * Ends what is in TIME-WAIT at both ends and between, so that what is measured next finds all ports free, as the first did. By `ss -K`, which takes a
 * kernel with CONFIG_INET_DIAG_DESTROY; on another by waiting.
 */
export async function forgetTimeWait(session: Session): Promise<void> {
  const { lab, places } = session;
  const all = Object.values(places).flat();
  const kill = ["sh", "-c", "ss -HtnK state time-wait state fin-wait-2 >/dev/null 2>&1 || true"];
  const left = (): number => Object.values(countsOf(session).timeWait).reduce((sum, count) => sum + count, 0);
  await eventually(
    "nobody is in TIME-WAIT",
    async () => {
      if (left() > 0) await Promise.all(all.map((ns) => lab.run(ns, kill)));
      return left() === 0;
    },
    GONE_MS,
  );
}
