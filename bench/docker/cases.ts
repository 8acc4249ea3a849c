/** What is compared: dockerd with its own proxy and with tsproxy's launcher, with its iptables rules and without. */
import { LAUNCHER, MAIN } from "../../test/support/paths.js";
import { versionOf } from "../machine.js";

/** Command lines of what stands behind a published port: proxies, launchers, and the daemon behind the launchers. */
export const PROXIES = /docker-proxy -proto|main\.js daemon/;

/** Where br_netfilter is loaded, as Docker 20.10 does, frames that a bridge forwards or hands up pass iptables. This spares them. */
export const NO_BRIDGE_NETFILTER = ["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0", "net.bridge.bridge-nf-call-ip6tables=0"];

export interface Case {
  name: string;
  proxy: "docker-proxy" | "tsproxy";
  /** A `tsproxy daemon --offload never` runs before dockerd; otherwise the first launcher starts one, which is as by default. Only traffic tells the difference. */
  loop: boolean;
  iptables: boolean;
}

/** Three of each mode, Docker's own first: `comparison` divides the others by it. */
export const CASES: readonly Case[] = [true, false].flatMap((iptables) =>
  (["docker-proxy", "tsproxy", "tsproxy (loop)"] as const).map((title) => ({
    name: `${title}, ${iptables ? "iptables" : "no iptables"}`,
    proxy: title === "docker-proxy" ? title : "tsproxy",
    loop: title === "tsproxy (loop)",
    iptables,
  })),
);

/** Contents of daemon.json. */
export function configOf({ proxy, iptables }: Case): Record<string, unknown> {
  return { iptables, ...(proxy === "tsproxy" ? { "userland-proxy-path": LAUNCHER } : {}) };
}

/** docker-proxy has none of its own to tell: it comes with dockerd. */
export function versionsOf(): Record<Case["proxy"], string> {
  return {
    "docker-proxy": `dockerd ${versionOf(["dockerd", "--version"], /\d+\.\d+\.\d+[^\s,]*/)}`,
    tsproxy: versionOf([process.execPath, MAIN, "--version"]),
  };
}
