/**
 * The value of `-p`: `[HOST_IP:]HOST_PORT[-END]:TARGET_IP[,TARGET_IP…]:TARGET_PORT[-END][/tcp|udp|sctp]`. Docker's short syntax, with
 * the target's address where Docker knows the container; of several targets each may have a port of its own, as in `80:10.0.0.2:8080,10.0.0.3:9090`. As there, an empty host port means a free one, ranges map one to
 * one, a host range with one target port means one free port of the range, and without a host address it is published on
 * all, of both families. IPv6 addresses are in brackets; a link-local host address has its interface behind it, as in
 * `[fe80::1%eth0]` (RFC 4007 §11).
 */
import { TsproxyError } from "../errors.js";
import { addressPort } from "../wire/address-port.js";
import {
  formatIp,
  type IpAddress,
  type IpPrefix,
  isUnspecified,
  parseIp,
  parsePrefix,
  prefixContains,
  sameIp,
  unmapped,
} from "../wire/ip-address.js";
import type { Proto } from "../wire/ipv4.js";
import { MAX_TARGETS } from "./balancer.js";
import { type HostAddress, type PortSpec, parseHostAddress, type TargetAddress } from "./mapping.js";

const FORM = "[HOST_IP:]HOST_PORT:TARGET_IP:TARGET_PORT[/tcp|udp|sctp]";
const EXAMPLE = "8999:172.17.0.4:8080";
/** What to write of several targets. */
const SEVERAL = "80:172.18.0.2,172.18.0.3:8080, or each with a port of its own, like 80:172.18.0.2:8080,172.18.0.3:9090";
/** A colon that is not inside brackets. */
const SEPARATOR = /:(?![^[]*\])/;
const BRACKETED = /^\[[^[\]]*\]$/;
/** Longer than any mapping to one target: two IPv6 addresses of 45 characters, the name of an interface, two ranges; and what a target more adds. */
const MAX_TEXT = 160,
  MAX_MORE = 60;
/** Of a text that is too long, so much is shown. */
const SHOWN = 40;
/** RFC 5771 and the reserved 240.0.0.0/4 after it; RFC 4291 §2.7. */
const NOT_UNICAST: readonly IpPrefix[] = ["224.0.0.0/3", "ff00::/8"].map((text) => parsePrefix(text)!);
/** IFNAMSIZ less the terminating zero (linux/if.h). */
const INTERFACE = /^[^\s/%]{1,15}$/;
/** RFC 4291 §2.5.6 */
const LINK_LOCAL = parsePrefix("fe80::/10")!;
/** RFC 4291 §2.5.5.2 */
const MAPPED = parsePrefix("::ffff:0:0/96")!;

/** Throws TSP_ERR_PORT_SPEC (invalid) for anything that is not a mapping that can be served. */
export function parsePortSpec(text: string): PortSpec {
  const fail = (problem: string, hint: string): never => {
    const shown = text === "" ? "''" : text.length > MAX_TEXT ? `${text.slice(0, SHOWN)}…` : text;
    throw new TsproxyError("TSP_ERR_PORT_SPEC", "invalid", `-p ${shown}: ${problem}`, hint);
  };

  const commas = Math.min(text.split(",").length - 1, MAX_TARGETS);
  if (text.length > MAX_TEXT + commas * MAX_MORE) fail(`${text.length} characters are too many`, `write ${FORM}, like ${EXAMPLE}`);
  if (text === "") fail("nothing to publish", `write ${FORM}, like ${EXAMPLE}`);
  const slash = text.indexOf("/");
  const words = (slash < 0 ? text : text.slice(0, slash)).split(",");
  const proto = parseProto(slash < 0 ? "" : text.slice(slash + 1), fail);
  const parts = words[0]!.split(SEPARATOR);
  for (const part of words.flatMap((word) => word.split(SEPARATOR))) {
    if (/[[\]]/.test(part) && !BRACKETED.test(part)) fail(`unbalanced brackets in '${part}'`, "an IPv6 address is written [2001:db8::1]");
  }
  const own = words.length > 1 && haveOwnPorts(words, fail);
  const last = words.at(-1)!.split(SEPARATOR).at(-1)!;
  if (words.length > 1 && !own) parts.push(last);

  const [hostIpText, hostPortText, targetIpText, targetPortText] = assignParts(parts, fail);
  const host = hostIpText === "" ? { hostIp: null } : parseHost(hostIpText, fail);
  const targetIp = parseTarget(targetIpText, fail);
  const [targetPort, targetPortEnd] = parsePorts("target", targetPortText, fail);
  const [hostPort, hostPortEnd] = hostPortText === "" ? [0, 0] : parsePorts("host", hostPortText, fail);
  const several = parseOthers(words.slice(1), own, fail).map(({ ip, ports }): TargetAddress => {
    const [port, end] = own ? parsePorts("target", ports, fail) : [targetPort, targetPortEnd];
    if (end - port !== targetPortEnd - targetPort)
      fail(`target ports '${targetPortText}' and '${ports}' differ in length`, "give all targets as many ports");
    return { ip, port };
  });
  if (several.length > 0) several.unshift({ ip: targetIp, port: targetPort });
  refuseTwins(several, fail);

  const hostCount = hostPortEnd - hostPort + 1;
  const targetCount = targetPortEnd - targetPort + 1;
  if (hostPort === 0 && targetCount > 1) {
    fail(
      `an empty host port cannot stand for the ${targetCount} target ports '${targetPortText}'`,
      `name a host range of ${targetCount} ports, or one target port`,
    );
  }
  if (hostCount !== targetCount && targetCount > 1) {
    fail(
      `host '${hostPortText}' (${plural(hostCount)}) and target '${targetPortText}' (${plural(targetCount)}) differ in length`,
      "use ranges of one length, or a single target port to pick a free port of the host range",
    );
  }
  const targets = targetIp.family === 4 ? { ipv4: targetIp } : { ipv6: targetIp };
  const ports = { hostPort, hostPortEnd, pickFromRange: hostCount > targetCount, targetPort, targetPortEnd };
  return { ...host, ...ports, targets, proto, ...(several.length > 0 && { several }) };
}

/** Targets behind the first, as their words say: `ADDRESS`, or `ADDRESS:PORT` where each has a port of its own. */
function parseOthers(words: readonly string[], hasOwnPorts: boolean, fail: Fail): { ip: IpAddress; ports: string }[] {
  return words.map((word) => {
    const [ip = "", ports = "", ...more] = word.split(SEPARATOR);
    if (more.length > 0) fail(`'${word}' is no target`, `write ${SEVERAL}`);
    return { ip: parseTarget(ip, fail), ports: hasOwnPorts ? ports : "" };
  });
}

/** Whether each target has a port of its own; else the last one's is for all. */
function haveOwnPorts(words: readonly string[], fail: Fail): boolean {
  if (words.length > MAX_TARGETS) fail(`${words.length} targets are too many`, `give ${MAX_TARGETS} at most`);
  if (words.some((word) => word === "")) fail("there is a comma without a target", `write ${SEVERAL}`);
  const without = words.filter((word) => looksLikeAddress(word.split(SEPARATOR).at(-1)!));
  if (without.at(-1) === words.at(-1)) fail(`no target port behind '${words.at(-1)}'`, `write ${SEVERAL}`);
  if (without.length > 0 && without.length < words.length - 1) fail("some targets have a port and some have none", `write ${SEVERAL}`);
  return without.length === 0;
}

function refuseTwins(targets: readonly TargetAddress[], fail: Fail): void {
  for (const [i, { ip, port }] of targets.entries())
    if (targets.slice(0, i).some((other) => other.port === port && sameIp(other.ip, ip)))
      fail(`target ${addressPort(formatIp(ip), port)} is there twice`, "leave one of both out: each target gets the same share");
}

type Fail = (problem: string, hint: string) => never;

function plural(ports: number): string {
  return ports === 1 ? "1 port" : `${ports} ports`;
}

function looksLikeAddress(text: string): boolean {
  return BRACKETED.test(text) || parseIp(text) !== null;
}

/** The four fields, the host address as "" when it is left out. Says what is missing when parts are too few. */
function assignParts(parts: string[], fail: Fail): [string, string, string, string] {
  const [a = "", b = "", c = "", d = ""] = parts;
  switch (parts.length) {
    case 1:
      return fail(`'${a}' has no target`, `write ${FORM}, like ${EXAMPLE}`);
    case 2:
      if (looksLikeAddress(a)) return fail(`no host port before '${a}'`, `write HOST_PORT:${a}:${b}, or :${a}:${b} for a free one`);
      return fail(`no target address between '${a}' and '${b}'`, `write ${a}:TARGET_IP:${b || "TARGET_PORT"}, like ${EXAMPLE}`);
    case 3:
      if (looksLikeAddress(a) && looksLikeAddress(b))
        return fail(`no host port between '${a}' and '${b}'`, `write ${a}:HOST_PORT:${b}:${c}, or ${a}::${b}:${c} for a free one`);
      if (looksLikeAddress(a)) return fail(`no target address between '${b}' and '${c}'`, `write ${a}:${b}:TARGET_IP:${c}`);
      return ["", a, b, c];
    case 4:
      return [a, b, c, d];
    default:
      return fail(`${parts.length} parts between ':' where at most 4 belong`, hintOnBrackets(parts));
  }
}

function parseProto(text: string, fail: Fail): Proto {
  const proto = text.toLowerCase();
  if (proto === "" || proto === "tcp") return "tcp"; // a bare trailing slash is tcp in Docker too
  if (proto === "udp" || proto === "sctp") return proto;
  if (proto.includes(":"))
    return fail(`'/${text.slice(0, text.indexOf(":"))}' is in the middle`, "the protocol goes last, like 53:172.17.0.4:53/udp");
  return fail(`unknown protocol '${text}'`, "use /tcp, /udp or /sctp");
}

/** What is meant by parts with an IPv6 address outside brackets, where there is one way to read them. */
function hintOnBrackets(parts: string[]): string {
  const bracketed = (text: string): string | undefined => {
    if (BRACKETED.test(text)) return text;
    const family = parseIp(text)?.family;
    return family === 4 ? text : family === 6 ? `[${text}]` : undefined;
  };
  const readings: string[] = [];
  for (let at = 1; at < parts.length - 1; at++) {
    const hostPort = parts[at - 1]!;
    const host = at === 1 ? "" : bracketed(parts.slice(0, at - 1).join(":"));
    const target = bracketed(parts.slice(at, -1).join(":"));
    if (host === undefined || target === undefined || !/^\d*(-\d+)?$/.test(hostPort)) continue;
    readings.push([...(host === "" ? [] : [host]), hostPort, target, parts.at(-1)].join(":"));
  }
  return readings.length === 1 ? `write ${readings[0]}` : `write ${FORM}, an IPv6 address in brackets`;
}

/** The host address, an IPv6 one in brackets; `fail` throws what is wrong with it. */
export function parseHost(text: string, fail: Fail): HostAddress {
  const host = parseAddress("host", text, fail);
  const { hostIp, hostZone } = host;
  const isLinkLocal = prefixContains(LINK_LOCAL, hostIp);
  if (isLinkLocal && hostZone === undefined)
    fail(`host address '${text}' is link-local: it belongs to one interface`, `write which, like [${formatIp(hostIp)}%eth0]`);
  if (isLinkLocal && hostZone !== undefined && !INTERFACE.test(hostZone))
    fail(`'${hostZone}' is not the name of an interface`, `write [${formatIp(hostIp)}%eth0]; 'ip link' has the names`);
  if (!isLinkLocal && hostZone !== undefined)
    fail(`'${text}': only a link-local address belongs to an interface`, `write [${formatIp(hostIp)}]`);
  return host;
}

function parseTarget(text: string, fail: Fail): IpAddress {
  const { hostIp: target } = parseAddress("target", text, fail);
  if (isUnspecified(target)) fail(`target address '${text}' is not a server's`, "name the one address to forward to, like 172.17.0.4");
  if (prefixContains(LINK_LOCAL, target))
    fail(`target address '${text}' is link-local`, "use another address of the container, like [fd00::4]");
  return target;
}

/** IPv6 in brackets, IPv4 without. */
function parseAddress(side: "host" | "target", text: string, fail: Fail): HostAddress {
  const inner = BRACKETED.test(text) ? text.slice(1, -1) : text;
  const host = parseHostAddress(inner);
  const isIpv6 = host?.hostIp.family === 6;
  if (inner !== text && !isIpv6)
    return fail(`'${text}' is not an IPv6 address`, host === null ? "write it like [2001:db8::1]" : `write ${inner} without brackets`);
  if (text === "") return fail(`no ${side} address`, `write ${FORM}, like ${EXAMPLE}`);
  if (host === null || (inner === text && isIpv6))
    return fail(`invalid ${side} address '${text}'`, "use an IP address like 172.17.0.4 or [fd00::4] (names are not looked up)");
  const { hostIp } = host;
  if (NOT_UNICAST.some((prefix) => prefixContains(prefix, hostIp)))
    return fail(`${side} address '${text}' is multicast${isIpv6 ? "" : ", broadcast or reserved"}`, "use a unicast address");
  if (prefixContains(MAPPED, hostIp))
    return fail(`${side} address '${text}' is an IPv4 address in the form of IPv6`, `write ${formatIp(unmapped(hostIp))}`);
  return host;
}

/** First and last port of `80` or `80-89`. */
function parsePorts(side: "host" | "target", text: string, fail: Fail): [number, number] {
  if (text === "") return fail(`no ${side} port`, `write ${FORM}, like ${EXAMPLE}`);
  const words = text.split("-");
  if (words.length > 2 || !words.every((word) => /^\d+$/.test(word)))
    return fail(`invalid ${side} port '${text}'`, "use a number from 1 to 65535, or a range like 8000-8009");
  const [first = 0, last = first] = words.map(Number);
  for (const port of [first, last]) {
    if (port < 1 || port > 65535)
      return fail(
        `${side} port '${port}' is out of range`,
        side === "host" && port === 0 ? "use 1 to 65535, or leave it empty for a free one" : "use 1 to 65535",
      );
  }
  if (last < first) return fail(`${side} range '${text}' runs backwards`, `write ${last}-${first}`);
  return [first, last];
}
