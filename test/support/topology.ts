/**
 * The network that every case runs in. All addresses are documentation or private ones; nothing leaves the namespaces.
 *
 *     client 192.0.2.10 ──eth0── 192.0.2.1  host  198.51.100.1 ──eth1── 198.51.100.11 lan2
 *                                            │
 *                                       172.17.0.1
 *                                    ┌───────┴───────┐
 *                              c1 172.17.0.4    c2 172.17.0.5
 *
 * `kernel`: the containers hang on a kernel bridge docker0, as Docker leaves them. `own`: they are bare namespaces with a
 * loopback, and the back end under test makes the network.
 */
import type { Lab } from "./lab.js";

export const ADDR = {
  client: "192.0.2.10",
  host: "192.0.2.1",
  host2: "198.51.100.1",
  lan2: "198.51.100.11",
  gateway: "172.17.0.1",
  c1: "172.17.0.4",
  c2: "172.17.0.5",
} as const;

export const NETWORK = "172.17.0.0/16";

/** The same places in IPv6, which `addIpv6` adds. */
export const ADDR6 = {
  client: "2001:db8:1::10",
  host: "2001:db8:1::1",
  host2: "2001:db8:2::1",
  lan2: "2001:db8:2::11",
  gateway: "fd00:17::1",
  c1: "fd00:17::4",
  c2: "fd00:17::5",
} as const;

export const NETWORK6 = "fd00:17::/64";

/** Source ports of what leaves the network: tsproxy's default, below the kernel's own `ip_local_port_range` (32768 60999). */
export const MASQUERADE = { first: 10_240, last: 32_767 } as const;

export type Containers = "kernel" | "own";

export interface World {
  lab: Lab;
  containers: Containers;
  /** Names of the namespaces. */
  client: string;
  host: string;
  lan2: string;
  c1: string;
  c2: string;
}

export function buildWorld(lab: Lab, containers: Containers): World {
  const [client, host, lan2, c1, c2] = (["client", "host", "lan2", "c1", "c2"] as const).map((role) => lab.addNamespace(role)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  lab.link(host, "eth0", client, "eth0");
  lab.link(host, "eth1", lan2, "eth0");
  lab.ip(host, `addr add ${ADDR.host}/24 dev eth0\naddr add ${ADDR.host2}/24 dev eth1`);
  lab.ip(client, `addr add ${ADDR.client}/24 dev eth0\nroute add default via ${ADDR.host}`);
  lab.ip(lan2, `addr add ${ADDR.lan2}/24 dev eth0\nroute add default via ${ADDR.host2}`);
  lab.sysctl(host, "net.ipv4.ip_forward", 0);
  const world = { lab, containers, client, host, lan2, c1, c2 };
  if (containers === "kernel") addKernelBridge(world);
  for (const ns of [client, host, lan2, c1, c2]) settle(world, ns);
  return world;
}

/** Waits until every device that is up has its carrier and its queueing discipline: the kernel adds them a moment later. */
function settle({ lab }: World, ns: string): void {
  const deadline = Date.now() + 3_000;
  while (/NO-CARRIER|qdisc noop /.test(lab.runSync(ns, ["ip", "-o", "link", "show", "up"]))) {
    if (Date.now() > deadline) throw new Error(`no carrier in ${ns} within 3 s`);
  }
}

/** IPv6 beside IPv4 for all, but for containers whose network the back end under test makes. */
export function addIpv6({ lab, containers, client, host, lan2, c1, c2 }: World): void {
  const a = ADDR6;
  lab.ip(host, `addr add ${a.host}/64 dev eth0 nodad\naddr add ${a.host2}/64 dev eth1 nodad\naddr add fe80::1/64 dev eth0 nodad`);
  lab.ip(client, `addr add ${a.client}/64 dev eth0 nodad\naddr add fe80::10/64 dev eth0 nodad\nroute add default via ${a.host}`);
  lab.ip(lan2, `addr add ${a.lan2}/64 dev eth0 nodad\nroute add default via ${a.host2}`);
  if (containers === "own") return;
  lab.ip(host, `addr add ${a.gateway}/64 dev docker0 nodad`);
  for (const [ns, address] of [
    [c1, a.c1],
    [c2, a.c2],
  ] as const)
    lab.ip(ns, `addr add ${address}/64 dev eth0 nodad\nroute add default via ${a.gateway}`);
}

/** docker0 with the gateway address on the host, and each container on a veth with address and default route. */
export function addKernelBridge({ lab, host, c1, c2 }: World): void {
  lab.ip(host, `link add docker0 type bridge\naddr add ${ADDR.gateway}/16 dev docker0\nlink set docker0 up`);
  for (const [ns, address, port] of [
    [c1, ADDR.c1, "veth1"],
    [c2, ADDR.c2, "veth2"],
  ] as const) {
    lab.link(host, port, ns, "eth0");
    lab.ip(host, `link set ${port} master docker0`);
    lab.ip(ns, `addr add ${address}/16 dev eth0\nroute add default via ${ADDR.gateway}`);
  }
}

/**
 * What Linux has unless told otherwise. A machine's own setting is not taken: BBR sends no faster than it has come to believe the path to be,
 * which evens out peers that differ.
 */
export const CUBIC = "cubic";

/**
 * The congestion control of TCP connections from now on, at every end and of relays between, by an attribute of each route: a namespace's own
 * setting (net.ipv4.tcp_congestion_control) may only be what the machine's is, or Reno.
 */
export function setCongestion({ lab, client, host, c1, c2 }: World, name: string): void {
  // Of IPv6 what leads to others: link-local routes are the kernel's to make.
  const routes = "ip route | sed 's/^/-4 route change /; s/ linkdown//'; ip -6 route | grep -v '^fe80' | sed 's/^/-6 route change /'";
  const change = `(${routes}) | while read -r change; do ip $change congctl ${name}; done`;
  for (const ns of [client, host, c1, c2]) lab.runSync(ns, ["sh", "-ec", change]);
}

/**
 * What must be the same before tsproxy and after it: devices, addresses, routes, rules, queueing disciplines, firewall, sysctls.
 * Left out is what changes by itself: timers, carrier (it follows a moment after `up`), IPv6 link-local addresses and their routes.
 */
export function snapshot({ lab }: World, ns: string): string {
  const commands = ["ip -d -o addr", "ip -d -o link", "ip route show table all", "ip rule", "tc qdisc show", "nft list ruleset"];
  const script = commands.map((command) => `echo '$ ${command}'; ${command}`).join("; ");
  const text = lab.runSync(ns, ["sh", "-c", `${script}; sysctl -a -r '^net[.]' 2>/dev/null; true`]);
  return text
    .split("\n")
    .filter((line) => !/\b(fe80|ff00)::|nf_conntrack_count|stable_secret|fastopen_key/.test(line))
    .map((line) => line.replace(/ (\w+_timer|fdb_n_learned) +[\d.]+| state [A-Z]+| linkdown|,LOWER_UP|NO-CARRIER,/g, ""))
    .join("\n");
}
