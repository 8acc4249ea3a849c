/**
 * The value of `-p`: `[HOST_IP:]HOST_PORT[-END]:TARGET_IP:TARGET_PORT[-END][/tcp|udp]`. Docker's short syntax, with the
 * target's address where Docker knows the container. As there, an empty host port means a free one, ranges map one to
 * one, and a host range with one target port means one free port of the range.
 */
import { TsproxyError } from "../errors.js";
import { type IpAddress, isUnspecified, parseIp } from "../wire/ip-address.js";
import type { PortSpec } from "./mapping.js";

const FORM = "[HOST_IP:]HOST_PORT:TARGET_IP:TARGET_PORT[/tcp|udp]";
const EXAMPLE = "8999:172.17.0.4:8080";
/** A colon that is not inside brackets. */
const SEPARATOR = /:(?![^[]*\])/;
const BRACKETED = /^\[[^[\]]*\]$/;
const MULTICAST_IPV4 = 0xe0000000n; // 224.0.0.0/4 (RFC 5771), and the reserved 240.0.0.0/4 after it

/** Throws TSP_ERR_PORT_SPEC (invalid) for anything that is not a mapping that can be served. */
export function parsePortSpec(text: string): PortSpec {
  const fail = (problem: string, hint: string): never => {
    throw new TsproxyError("TSP_ERR_PORT_SPEC", "invalid", `-p ${text === "" ? "''" : text}: ${problem}`, hint);
  };

  if (text === "") fail("nothing to publish", `write ${FORM}, like ${EXAMPLE}`);
  const slash = text.indexOf("/");
  const parts = (slash < 0 ? text : text.slice(0, slash)).split(SEPARATOR);
  const proto = parseProto(slash < 0 ? "" : text.slice(slash + 1), fail);
  for (const part of parts) {
    if (/[[\]]/.test(part) && !BRACKETED.test(part)) fail(`unbalanced brackets in '${part}'`, "an IPv6 address is written [2001:db8::1]");
  }

  const [hostIpText, hostPortText, targetIpText, targetPortText] = assignParts(parts, fail);
  const hostIp = hostIpText === "" ? null : parseAddress("host", hostIpText, fail);
  const targetIp = parseAddress("target", targetIpText, fail);
  if (isUnspecified(targetIp))
    fail(`target address '${targetIpText}' is not a server's`, "name the one address to forward to, like 172.17.0.4");
  const [targetPort, targetPortEnd] = parsePorts("target", targetPortText, fail);
  const [hostPort, hostPortEnd] = hostPortText === "" ? [0, 0] : parsePorts("host", hostPortText, fail);
  for (const [ip, ipText] of [[hostIp, hostIpText] as const, [targetIp, targetIpText] as const]) {
    if (ip?.family === 6) fail(`'${ipText}' is an IPv6 address, and IPv6 forwarding is not there yet`, "use an IPv4 address on both sides");
  }

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
  return { hostIp, hostPort, hostPortEnd, pickFromRange: hostCount > targetCount, targets, targetPort, targetPortEnd, proto };
}

type Fail = (problem: string, hint: string) => never;

function plural(ports: number): string {
  return ports === 1 ? "1 port" : `${ports} ports`;
}

function looksLikeAddress(text: string): boolean {
  return BRACKETED.test(text) || parseIp(text)?.family === 4;
}

/** The four fields, the host address as "" when it is left out. Says what is missing when parts are too few. */
function assignParts(parts: string[], fail: Fail): [string, string, string, string] {
  const [a = "", b = "", c = "", d = ""] = parts;
  switch (parts.length) {
    case 1:
      return fail(`'${a}' has no target`, `write ${FORM}, like ${EXAMPLE}`);
    case 2:
      if (looksLikeAddress(a)) return fail(`no host port before '${a}'`, `write HOST_PORT:${a}:${b}, or :${a}:${b} for a free one`);
      return fail(`no target address between '${a}' and '${b}'`, `write ${a}:TARGET_IP:${b}, like ${EXAMPLE}`);
    case 3:
      if (looksLikeAddress(a) && looksLikeAddress(b))
        return fail(`no host port between '${a}' and '${b}'`, `write ${a}:HOST_PORT:${b}:${c}, or ${a}::${b}:${c} for a free one`);
      if (looksLikeAddress(a)) return fail(`no target address between '${b}' and '${c}'`, `write ${a}:${b}:TARGET_IP:${c}`);
      return ["", a, b, c];
    case 4:
      return [a, b, c, d];
    default:
      return fail(`${parts.length} parts between ':' where at most 4 belong`, `write ${FORM}, an IPv6 address in brackets`);
  }
}

function parseProto(text: string, fail: Fail): "tcp" | "udp" {
  const proto = text.toLowerCase();
  if (proto === "" || proto === "tcp") return "tcp"; // a bare trailing slash is tcp in Docker too
  if (proto === "udp") return "udp";
  if (proto === "sctp") return fail("sctp is not supported", "use /tcp or /udp");
  if (proto.includes(":"))
    return fail(`'/${text.slice(0, text.indexOf(":"))}' is in the middle`, "the protocol goes last, like 53:172.17.0.4:53/udp");
  return fail(`unknown protocol '${text}'`, "use /tcp or /udp");
}

/** IPv6 in brackets, IPv4 without. */
function parseAddress(side: "host" | "target", text: string, fail: Fail): IpAddress {
  if (BRACKETED.test(text)) {
    const inner = text.slice(1, -1);
    const address = parseIp(inner);
    if (address?.family === 6) return address;
    return fail(`'${text}' is not an IPv6 address`, address === null ? "write it like [2001:db8::1]" : `write ${inner} without brackets`);
  }
  const address = parseIp(text);
  if (address?.family === 4) {
    if (address.value >= MULTICAST_IPV4)
      return fail(`${side} address '${text}' is multicast, broadcast or reserved`, "use a unicast address");
    return address;
  }
  if (text === "") return fail(`no ${side} address`, `write ${FORM}, like ${EXAMPLE}`);
  return fail(`invalid ${side} address '${text}'`, "use an IPv4 address like 172.17.0.4 (names are not looked up)");
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
