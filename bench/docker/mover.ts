/** Who moved the bytes of a published port, by what was seen: counters of docker's rules and of tsproxy's, the proxies' processor time. */

export const KERNEL = "kernel iptables (docker's rule)";
const OFFLOADED = "kernel (tsproxy's BPF)";
/** Seconds of processor time; below it a process has moved nothing. A second of any workload takes several times as much. */
const MOVED_SEC = 0.1;

/** Connections that docker's rules took; from `iptables-save -c -t nat`. A rule of nat sees only a connection's first packet. */
export function connectionsByRule(rules: string): number {
  return [...rules.matchAll(/^\[(\d+):\d+\] -A DOCKER .*-j DNAT/gm)].reduce((sum, [, packets]) => sum + Number(packets), 0);
}

/** `cpuSec`: of the proxies since the servers stood. `offloaded`: packets that tsproxy's steering programs carried. */
export function moverOf(rules: string, cpuSec: number, proxy: string, offloaded = 0): string {
  const seen = [
    ...(connectionsByRule(rules) > 0 ? [KERNEL] : []),
    ...(offloaded > 0 ? [OFFLOADED] : []),
    ...(cpuSec >= MOVED_SEC ? [proxy] : []),
  ];
  return seen.length === 0 ? "nobody" : seen.join(" and ");
}
