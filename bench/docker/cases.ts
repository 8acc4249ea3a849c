/**
 * What is compared: dockerd with its own proxy, with tsproxy's launcher, and with a network of tsproxy's driver in place of Docker's bridge; with
 * Docker's iptables rules and without.
 */
import { LAUNCHER, MAIN } from "../../test/support/paths.js";
import { versionOf } from "../machine.js";

/** Command lines of what stands behind a published port: proxies, launchers, and the daemon behind the launchers. */
export const PROXIES = /docker-proxy -proto|main\.js daemon/;

/** Where br_netfilter is loaded, as Docker 20.10 does, frames that a bridge forwards or hands up pass iptables. This spares them. */
export const NO_BRIDGE_NETFILTER = ["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0"];

export interface Case {
  name: string;
  /** As in `--peers`. */
  peer: string;
  proxy: "docker-proxy" | "tsproxy";
  /** A `tsproxy daemon --offload never` runs before dockerd; otherwise the first launcher starts one, which is as by default. Only traffic tells the difference. */
  loop: boolean;
  /** The container is in a network of driver tsproxy: there is no proxy. Only traffic tells the difference. */
  driver: boolean;
  iptables: boolean;
}

const DOCKER = "docker-proxy",
  LOOP = "tsproxy-loop",
  DRIVER = "tsproxy-network";

/** By name, as in `--peers`. */
export const PEERS: readonly { name: string; title: string }[] = [
  { name: DOCKER, title: DOCKER },
  { name: "tsproxy", title: "tsproxy" },
  { name: LOOP, title: "tsproxy (loop)" },
  { name: DRIVER, title: "network of tsproxy" },
];

/** Those of each mode, Docker's own first: `comparison` divides the others by it. */
export const CASES: readonly Case[] = [true, false].flatMap((iptables) =>
  PEERS.map(({ name, title }) => ({
    name: `${title}, ${iptables ? "iptables" : "no iptables"}`,
    peer: name,
    proxy: name === DOCKER ? DOCKER : "tsproxy",
    loop: name === LOOP,
    driver: name === DRIVER,
    iptables,
  })),
);

/** Contents of daemon.json. */
export function configOf({ proxy, driver, iptables }: Case): Record<string, unknown> {
  return { iptables, ...(proxy === "tsproxy" && !driver ? { "userland-proxy-path": LAUNCHER } : {}) };
}

/** docker-proxy has none of its own to tell: it comes with dockerd. */
export function versionsOf(): Record<Case["proxy"], string> {
  return {
    "docker-proxy": `dockerd ${versionOf(["dockerd", "--version"], /\d+\.\d+\.\d+[^\s,]*/)}`,
    tsproxy: versionOf([process.execPath, MAIN, "--version"]),
  };
}
