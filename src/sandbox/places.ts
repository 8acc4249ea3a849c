/**
 * Sandboxes' places in their networks, with all that goes with these: names and files, links, ports that lead to names, and the record on disk.
 * The networks' own part is `membership.ts`. Calls are carried out one after another (`sandboxes.ts`).
 */
import type { SandboxConnect } from "../api/sandbox-types.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import type { Namespace } from "./device-setup.js";
import type { SandboxFolders } from "./folder.js";
import { type Gateways, gatewaysIn } from "./gateways.js";
import { LinkRules } from "./link-rules.js";
import type { Member } from "./member.js";
import type { Membership } from "./membership.js";
import type { NameService } from "./name-service.js";
import type { Asking, NamedPorts } from "./named-ports.js";
import type { Attachment, SandboxRecord } from "./records.js";
import type { LiveSandbox, SandboxRegistry } from "./registry.js";
import { scopeOf, writeFiles } from "./sandbox-files.js";

export class Places {
  private readonly linkRules = new LinkRules();

  constructor(
    private readonly registry: SandboxRegistry,
    private readonly membership: Membership,
    private readonly folders: SandboxFolders,
    private readonly names: NameService,
    private readonly namedPorts: NamedPorts,
  ) {}

  /** Answers what is not as asked for. */
  private async arrange(live: LiveSandbox, namespace: Namespace): Promise<string[]> {
    const { gateways, warnings } = await this.membership.arrange(live.record, namespace);
    const { ipv4, ipv6 } = gatewaysIn(live.record);
    if (gateways.ipv4 !== ipv4 || gateways.ipv6 !== ipv6) this.update(live, {}, gateways);
    await this.namedPorts.arrange(...this.asking(), live.record.id);
    return warnings;
  }

  /** With names and files; or throws with all as it was. */
  async join(live: LiveSandbox, namespace: Namespace, connect: SandboxConnect): Promise<string[]> {
    const attachment = await this.membership.attach(live.record, namespace, connect);
    const before = live.record;
    try {
      const attachments = [...before.attachments, attachment];
      this.update(live, { attachments });
      const warnings = await this.arrange(live, namespace);
      this.serveNames(live, namespace);
      this.writeFiles(live);
      this.writeLinking(live);
      return warnings;
    } catch (error) {
      await this.membership.detach(attachment);
      live.record = withGateways(before, {}); // even if it cannot be written down
      // Routes and ports may have moved already.
      const { gateways } = await this.membership.rearrange(live.record, namespace).catch((failure) => {
        warn(live.record, failure);
        return { gateways: {} };
      });
      live.record = withGateways(before, gateways);
      await this.namedPorts.arrange(...this.asking(), before.id).catch((failure) => warn(live.record, failure));
      for (const step of [this.save, this.serveNames, this.writeFiles, this.writeLinking])
        try {
          step.call(this, live, namespace);
        } catch (failure) {
          warn(live.record, failure);
        }
      throw error;
    }
  }

  /** Takes it out of a network that it is in. */
  async leave(live: LiveSandbox, namespace: Namespace, attachment: Attachment): Promise<void> {
    this.update(live, { attachments: live.record.attachments.filter((each) => each !== attachment) });
    await this.membership.detach(attachment);
    await this.arrange(live, namespace); // another network has the default route and the ports now
    this.serveNames(live, namespace);
    this.writeFiles(live);
    this.writeLinking(live);
  }

  /** What a SIGKILL cut off is completed: endpoints that went, default route and ports that are to move. */
  async restore(live: LiveSandbox, namespace: Namespace): Promise<void> {
    const { record } = live;
    const there = this.membership.members(record).flatMap(({ attachment, endpoint }) => (endpoint.gone ? [] : [attachment]));
    if (there.length < record.attachments.length) {
      for (const attachment of record.attachments) if (!there.includes(attachment)) await this.membership.detach(attachment);
      this.update(live, { attachments: there });
    }
    // A port that somebody else has by now does not keep its names from it.
    await this.arrange(live, namespace).catch((error) => warn(record, error));
    this.serveNames(live, namespace);
    this.writeFiles(live);
  }

  /** Has published ports that lead to names lead to those who have them now. */
  settleNames(): Promise<void> {
    return this.namedPorts.settle(...this.asking());
  }

  private asking(): [asking: Asking[], stopping: Set<string>] {
    const running = this.registry.all().filter(({ record }) => record.exit === undefined);
    const asking = running.filter(({ record }) => record.ports.some(({ name }) => name !== undefined));
    return [
      asking.map(({ record }) => ({ record, members: this.membership.members(record) })),
      new Set(running.filter(({ stopping }) => stopping).map(({ record }) => record.id)),
    ];
  }

  private serveNames(live: LiveSandbox, namespace: Namespace): void {
    const scope = scopeOf(live.record, this.membership.members(live.record));
    if (scope === undefined) this.names.stop(live.record.id);
    else this.names.serve(scope, namespace.fd);
  }

  /** Opens what the links of those that run ask for, and closes the rest. */
  openLinks(): void {
    const running = this.registry.all().filter(({ record }) => record.exit === undefined);
    try {
      this.linkRules.refresh(new Map(running.map(({ record }) => [record.id, record])), (record) => this.membership.members(record));
    } catch (error) {
      log.warn(`links: ${TsproxyError.of(error).describe()}`);
    }
  }

  writeFiles({ record }: LiveSandbox): void {
    writeFiles(this.folders, record, this.membership.members(record), this.linkedOf(record));
  }

  private linkedOf({ links }: SandboxRecord): { record: SandboxRecord; members: Member[] }[] {
    return links.flatMap(({ target }) => {
      const other = this.registry.get(target);
      return other === undefined ? [] : [{ record: other.record, members: this.membership.members(other.record) }];
    });
  }

  /** Anew the files of those that are linked to it. */
  writeLinking({ record: { id } }: LiveSandbox): void {
    for (const other of this.registry.linkedTo(id)) this.writeFiles(other);
  }

  /** In memory and on disk. */
  update(live: LiveSandbox, change: Partial<SandboxRecord>, gateways = gatewaysIn(live.record)): void {
    const record = withGateways({ ...live.record, ...change }, gateways);
    this.folders.save(record);
    live.record = record;
  }

  private save({ record }: LiveSandbox): void {
    this.folders.save(record);
  }
}

function withGateways({ gateway: _, ipv6Gateway: __, ...rest }: SandboxRecord, { ipv4, ipv6 }: Gateways): SandboxRecord {
  return { ...rest, ...(ipv4 !== undefined && { gateway: ipv4 }), ...(ipv6 !== undefined && { ipv6Gateway: ipv6 }) };
}

export function warn({ name }: SandboxRecord, error: unknown): void {
  log.warn(`sandbox ${name}: ${TsproxyError.of(error).describe()}`);
}
