/** What a sandbox's programs see in /etc: who it is, whom it is linked to, and who answers names. */
import { readFileSync } from "node:fs";
import { shortId } from "../model/records.js";
import { type HostEntry, hostsFile, parseResolvConf, resolvConf } from "./etc-files.js";
import type { SandboxFolders } from "./folder.js";
import { addressOf, ipv4Of } from "./ipv4.js";
import { gatewayOf, type Member } from "./membership.js";
import type { NameScope } from "./name-service.js";
import { BRIDGE, HOST } from "./network-catalog.js";
import type { SandboxRecord } from "./records.js";
import { checkExtraHost } from "./sandbox-request.js";

/** A linked sandbox as it is now. */
export interface Linked {
  record: SandboxRecord;
  members: Member[];
}

/** Which names it is told by the resolver inside; undefined: on `bridge` alone, or nowhere, there is none. */
export function scopeOf(record: SandboxRecord, members: readonly Member[]): NameScope | undefined {
  const networks = members.map(({ network }) => network.record).filter(({ name }) => name !== BRIDGE);
  if (networks.length === 0) return undefined;
  return {
    id: record.id,
    networks: networks.map(({ id }) => id),
    links: record.links.map(({ target, alias }) => ({ owner: target, alias })),
    servers: record.dns,
    internal: members.every(({ network }) => network.record.options.internal),
  };
}

export function writeFiles(folders: SandboxFolders, record: SandboxRecord, members: readonly Member[], linked: readonly Linked[]): void {
  const { id, mode, hostname, dns, dnsSearch, dnsOptions, extraHosts } = record;
  const asHost = mode === HOST;
  if (!asHost || extraHosts.length > 0) {
    const entries = hostEntries(record, members, linked);
    folders.write(id, "hosts", asHost ? `${readFileSync("/etc/hosts", "utf8")}${lines(entries)}` : hostsFile(entries));
  }
  const given = { servers: dns, search: dnsSearch, options: dnsOptions };
  if (!asHost || [dns, dnsSearch, dnsOptions].some((words) => words.length > 0))
    folders.write(id, "resolv.conf", resolvConf(hostResolver(), given, scopeOf(record, members) !== undefined));
  if (hostname !== "") folders.write(id, "hostname", `${hostname}\n`);
}

/** Of one whose namespace another has too: it sees what that sees. */
export function copyFiles(folders: SandboxFolders, from: string, to: string): void {
  for (const name of ["hosts", "resolv.conf", "hostname"] as const) {
    const content = folders.read(from, name);
    if (content !== undefined) folders.write(to, name, content);
  }
}

/** Name servers of the host as they are now. */
export function hostResolver(): ReturnType<typeof parseResolvConf> {
  try {
    return parseResolvConf(readFileSync("/etc/resolv.conf", "utf8"));
  } catch {
    return parseResolvConf("");
  }
}

function hostEntries({ hostname, extraHosts, links }: SandboxRecord, members: readonly Member[], linked: readonly Linked[]): HostEntry[] {
  const way = gatewayOf(members)?.network.record;
  const gateway = way === undefined ? undefined : ipv4Of(way).gateway;
  const extra = extraHosts.flatMap((text) => {
    const { name, address } = checkExtraHost(text);
    const found = address === "host-gateway" ? gateway : address;
    return found === undefined ? [] : [{ address: found, names: [name] }];
  });
  // On a network whose names are answered, a link is one more name; files have those of `bridge`.
  const others = links.flatMap(({ target, alias }) => {
    const other = linked.find(({ record }) => record.id === target);
    const there = other?.members.find(({ network }) => network.record.name === BRIDGE)?.endpoint.record;
    return other === undefined || there === undefined
      ? []
      : [{ address: addressOf(there), names: [...new Set([alias, other.record.name, shortId(target)])] }];
  });
  const own = members.map(({ endpoint }) => ({ address: addressOf(endpoint.record), names: [hostname] }));
  return [...extra, ...others, ...(hostname === "" ? [] : own)];
}

function lines(entries: readonly HostEntry[]): string {
  return entries.map(({ address, names }) => `${address}\t${names.join(" ")}\n`).join("");
}
