/**
 * Kernel NAT that publishes the same ports as tsproxy does: DNAT for what arrives and for what the host itself sends,
 * masquerade for hairpin and host clients (so that the container answers through the host) and for the way out.
 */
import type { Flow, Running, StartOptions } from "./backends.js";
import { addKernelBridge, MASQUERADE, NETWORK, type World } from "./topology.js";

export async function startNftables(world: World, options: StartOptions & { guardLoopback?: boolean }): Promise<Running> {
  const { lab, host } = world;
  if (world.containers === "own") addKernelBridge(world);
  // without it the bridge would not hand a container's packet back to the container, as docker sets it without its proxy
  lab.ip(host, "link set veth1 type bridge_slave hairpin on\nlink set veth2 type bridge_slave hairpin on");
  lab.sysctl(host, "net.ipv4.ip_forward", 1);
  lab.sysctl(host, "net.ipv4.conf.docker0.route_localnet", 1);
  if (options.guardLoopback === false) lab.sysctl(host, "net.ipv4.conf.all.route_localnet", 1);
  lab.runSync(host, ["nft", "-f", "-"], ruleset(world, options));

  const translated = async (): Promise<Flow[]> => parseConntrack(lab.runSync(host, ["cat", "/proc/net/nf_conntrack"]));
  return {
    created: async () => {
      const counters = lab.runSync(host, ["nft", "list", "counters", "table", "ip", "tsp"]);
      return [...counters.matchAll(/packets (\d+)/g)].reduce((sum, match) => sum + Number(match[1]), 0);
    },
    flows: translated,
    stop: async () => {
      lab.runSync(host, ["nft", "delete", "table", "ip", "tsp"]);
    },
  };
}

function ruleset(
  { containers }: World,
  { publish = [], allowFrom, guardLoopback = true }: StartOptions & { guardLoopback?: boolean },
): string {
  const allowed = allowFrom === undefined ? "" : `ip saddr ${allowFrom} `;
  const dnat = publish.map((spec) => `${allowed}${dnatRule(spec)}`).join("\n    ");
  return `table ip tsp {
  counter published {}
  counter masqueraded {}
  chain guard {
    type filter hook prerouting priority raw;
    ${guardLoopback ? 'iifname != "lo" ip daddr 127.0.0.0/8 drop' : ""}
  }
  chain prerouting {
    type nat hook prerouting priority dstnat;
    ${dnat}
  }
  chain output {
    type nat hook output priority -100;
    ${dnat}
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    ct status dnat ip saddr ${NETWORK} ip daddr ${NETWORK} masquerade
    ct status dnat fib saddr type local masquerade
    ${containers === "own" ? masqueradeRules() : ""}
  }
}
`;
}

function masqueradeRules(): string {
  const outward = `ip saddr ${NETWORK} oifname != "docker0" counter name masqueraded`;
  return `meta l4proto { tcp, udp } ${outward} masquerade to :${MASQUERADE.first}-${MASQUERADE.last}\n    meta l4proto icmp ${outward} masquerade`;
}

/** `[IP:]PORT[-END]:TARGET:PORT[-END][/PROTO]` as a rule that translates each port to its partner. */
function dnatRule(spec: string): string {
  const match = /^(?:([\d.]+):)?(\d+)(?:-(\d+))?:([\d.]+):(\d+)(?:-\d+)?(?:\/(tcp|udp|sctp))?$/.exec(spec);
  if (match === null) throw new Error(`not a mapping: ${spec}`);
  const [, ip, first = "", last = first, target, targetPort, proto = "tcp"] = match;
  const partners = Array.from({ length: Number(last) - Number(first) + 1 }, (_, i) => `${Number(first) + i} : ${Number(targetPort) + i}`);
  const to = ip === undefined || ip === "0.0.0.0" ? "fib daddr type local" : `ip daddr ${ip}`;
  return `${to} ${proto} dport ${first}-${last} counter name published dnat to ${target} : ${proto} dport map { ${partners.join(", ")} }`;
}

/** Lines of /proc/net/nf_conntrack whose two directions are not mirror images. */
function parseConntrack(table: string): Flow[] {
  return table
    .split("\n")
    .filter((line) => line.startsWith("ipv4"))
    .map((line) => {
      const all = (key: string): string[] => [...line.matchAll(new RegExp(`\\b${key}=(\\S+)`, "g"))].map((match) => match[1] ?? "");
      const [src, dst] = [all("src"), all("dst")];
      const [sport, dport] = line.includes(" icmp ") ? [all("id"), all("id")] : [all("sport"), all("dport")];
      return {
        proto: line.split(/ +/)[2] ?? "",
        original: { src: `${src[0]}:${sport[0]}`, dst: `${dst[0]}:${dport[0]}` },
        reply: { src: `${src[1]}:${sport[1]}`, dst: `${dst[1]}:${dport[1]}` },
      };
    })
    .filter(({ original, reply }) => original.src !== reply.dst || original.dst !== reply.src);
}
