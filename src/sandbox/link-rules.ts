/**
 * What `--link` opens in networks whose endpoints do not reach each other (enable_icc=false): the ports that the target publishes or exposes, for
 * the sandbox that is linked to it alone. Made anew from the records after each change, so it is right again after a restart.
 */
import type { Link, LinkPorts } from "../control/network/endpoints.js";
import { PROTOCOLS } from "../wire/ipv4.js";
import type { Member } from "./member.js";
import type { SandboxRecord } from "./records.js";

export class LinkRules {
  /** By the endpoints of client and server, with the ports as text. */
  private readonly open = new Map<string, { ports: string; link: Link }>();

  /** `all`: those that run. */
  refresh(all: ReadonlyMap<string, SandboxRecord>, membersOf: (record: SandboxRecord) => readonly Member[]): void {
    const wanted = new Map<string, { client: Member; server: Member; ports: LinkPorts[] }>();
    for (const record of all.values())
      for (const { target } of record.links) {
        const other = all.get(target);
        if (other === undefined) continue;
        const ports = portsOf(other);
        for (const { client, server } of pairs(membersOf(record), membersOf(other)))
          wanted.set(`${client.endpoint.record.id} ${server.endpoint.record.id}`, { client, server, ports });
      }
    for (const [key, { ports, link }] of this.open) {
      if (textOf(wanted.get(key)?.ports) === ports) continue;
      link.close();
      this.open.delete(key);
    }
    for (const [key, { client, server, ports }] of wanted)
      if (!this.open.has(key)) this.open.set(key, { ports: textOf(ports), link: client.endpoint.link(server.endpoint, ports) });
  }
}

function pairs(clients: readonly Member[], servers: readonly Member[]): { client: Member; server: Member }[] {
  const closed = clients.filter(({ network, endpoint }) => !network.record.options.icc && !endpoint.gone);
  return closed.flatMap((client) => {
    const server = servers.find(({ network, endpoint }) => network === client.network && !endpoint.gone);
    return server === undefined ? [] : [{ client, server }];
  });
}

function portsOf({ ports, exposed = [] }: SandboxRecord): LinkPorts[] {
  const published = ports.map(({ proto, targetPort, targetPortEnd }) => ({ proto, first: targetPort, last: targetPortEnd }));
  return [...published, ...exposed].map(({ proto, first, last }) => ({ proto: PROTOCOLS[proto], first, last }));
}

function textOf(ports: readonly LinkPorts[] | undefined): string {
  return JSON.stringify(ports) ?? "";
}
