/** The value of `-p` of `tsproxy run`: Docker's short syntax, `[[HOST_IP:][HOST_PORT]:]PORT[/tcp|udp|sctp]`, with its words for errors (go-connections). */
import { TsproxyError } from "../errors.js";
import { parseIp } from "../wire/ip-address.js";
import type { SandboxRecord } from "./records.js";

/** Throws TSP_ERR_PORT_SPEC (invalid). */
export function parsePublish(spec: string): SandboxRecord["ports"][number] {
  const slash = spec.lastIndexOf("/");
  const parts = (slash < 0 ? spec : spec.slice(0, slash)).split(":");
  const target = parts.pop() ?? "";
  const host = parts.pop() ?? "";
  const ip = parts.join(":").replace(/^\[(.*)\]$/, "$1");
  if (target === "") throw invalid(`no port specified: ${spec}<empty>`);
  const proto = (slash < 0 ? "" : spec.slice(slash + 1)).toLowerCase() || "tcp";
  if (proto !== "tcp" && proto !== "udp" && proto !== "sctp") throw invalid(`invalid proto: ${proto}`);
  if (ip.includes(":")) throw invalid(`invalid IP address: ${ip}: IPv6 ports are not supported yet`);
  if (ip !== "" && parseIp(ip) === null) throw invalid(`invalid IP address: ${ip}`);
  const [targetPort, targetPortEnd] = range(target) ?? fail(`invalid containerPort: ${target}`);
  const [hostPort, hostPortEnd] = host === "" ? [0, 0] : (range(host) ?? fail(`invalid hostPort: ${host}`));
  const targets = targetPortEnd - targetPort;
  const hosts = hostPortEnd - hostPort;
  if (hosts !== targets && targets > 0) throw invalid(`invalid ranges specified for container and host Ports: ${target} and ${host}`);
  return { hostIp: ip, hostPort, hostPortEnd, pickFromRange: hosts > targets, targetPort, targetPortEnd, proto };
}

/** Docker takes port 0 for one of the host's that is free; as a target it is none. */
function range(text: string): [number, number] | null {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text);
  const first = Number(match?.[1]);
  const last = match?.[2] === undefined ? first : Number(match[2]);
  return match !== null && first >= 1 && last <= 65_535 && first <= last ? [first, last] : null;
}

function fail(message: string): never {
  throw invalid(message);
}

function invalid(message: string): TsproxyError {
  return new TsproxyError("TSP_ERR_PORT_SPEC", "invalid", message, "write [[HOST_IP:]HOST_PORT:]PORT[/tcp|udp|sctp], like 8999:8080");
}
