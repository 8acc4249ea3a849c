/** What the API says of a sandbox. */
import type { SandboxView } from "../api/sandbox-types.js";
import { mappingText } from "../control/mapping.js";
import { shortId } from "../model/records.js";
import { addressOf } from "./ipv4.js";
import type { Member } from "./membership.js";
import type { SandboxRecord } from "./records.js";

export function sandboxView(record: SandboxRecord, members: readonly Member[], dir: string): SandboxView {
  const { id, name, hostname, kind, command, created, pid, netns, mode, exit, gateway, detached } = record;
  const endpoints = members.map(({ attachment, network, endpoint }) => ({
    network: network.record.id,
    networkName: network.record.name ?? shortId(network.record.id),
    endpoint: endpoint.record.id,
    address: addressOf(endpoint.record),
    mac: endpoint.record.mac,
    device: attachment.device,
    aliases: attachment.aliases,
    gateway: attachment.endpoint === gateway,
    ...(endpoint.record.bandwidth !== undefined && { bandwidth: endpoint.record.bandwidth }),
  }));
  return {
    id,
    name,
    hostname,
    kind,
    command,
    created,
    state: exit === undefined ? "running" : "exited",
    ...(exit !== undefined && { exitCode: exit.code, finished: exit.at }),
    pid,
    netns,
    network: mode || (endpoints[0]?.networkName ?? ""),
    endpoints,
    ports: members.flatMap(({ endpoint }) => endpoint.mappings.map((mapping) => ({ ...mappingText(mapping), via: "dataplane" as const }))),
    dir,
    detached,
  };
}
