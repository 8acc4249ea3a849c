/**
 * Sandboxes: programs that `tsproxy run` starts in namespaces of their own, and namespaces of others that were attached; each with a name, its
 * networks, ports and files. `tsproxy run` makes the namespaces and waits with the program until this has given them their networks.
 *
 * A sandbox ends when its init does, whatever ended that; its addresses and ports are free at once. Its record stays until it is removed, if that
 * is wanted. Order of what is written down: its folder first, then its endpoints; backwards its endpoints, then its folder. What a SIGKILL cuts off
 * between two of these, `restore` completes or undoes. Calls are carried out one after another.
 */
import type { SandboxConnect, SandboxCreate, SandboxCreated } from "../api/sandbox-types.js";
import type { Mapping } from "../control/mapping.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { leadsTo, Namespace, openNamespace } from "./device-setup.js";
import type { SandboxFolders } from "./folder.js";
import type { Member } from "./member.js";
import type { Membership } from "./membership.js";
import type { NameService } from "./name-service.js";
import type { NamedPorts } from "./named-ports.js";
import type { NetworkCatalog } from "./network-catalog.js";
import { checkName } from "./network-request.js";
import { Places, warn } from "./places.js";
import { Process, startTimeOf } from "./process.js";
import type { SandboxRecord } from "./records.js";
import { ended, type LiveSandbox, SandboxRegistry } from "./registry.js";
import { nameConflict, notRunning, sandboxError } from "./sandbox-errors.js";
import { copyFiles } from "./sandbox-files.js";
import { parseLink, planSandbox } from "./sandbox-request.js";

/** Exit code of what SIGKILL ended before it could say more. */
const KILLED = 137;
/** Attached namespaces are looked at so often: nobody says when one ends. */
const LOOK_MS = 2000;
const SIGKILL = 9,
  SIGTERM = 15;

export class Sandboxes {
  private readonly registry = new SandboxRegistry();
  private readonly places: Places;
  private turn: Promise<unknown> = Promise.resolve();
  /** A call is to come that looks at everything. */
  private willLook = false;
  private readonly timer = setInterval(() => this.look(), LOOK_MS).unref();

  constructor(
    private readonly catalog: NetworkCatalog,
    private readonly membership: Membership,
    private readonly folders: SandboxFolders,
    private readonly names: NameService,
    private readonly namedPorts: NamedPorts,
  ) {
    this.places = new Places(this.registry, membership, folders, names, namedPorts);
  }

  all(): readonly LiveSandbox[] {
    return this.registry.all();
  }

  members(record: SandboxRecord): Member[] {
    return this.membership.members(record);
  }

  /** Its published ports that lead to a name. */
  namedMappings(record: SandboxRecord): Mapping[] {
    if (record.ports.every(({ name }) => name === undefined)) return [];
    return this.namedPorts.mappingsOf({ record, members: this.members(record) });
  }

  dirOf(id: string): string {
    return this.folders.of(id);
  }

  /** Takes up what an earlier process left: what runs goes on, what ended is told so. To be called once, after the model's `restore`. */
  restore(): Promise<void> {
    return this.inTurn(async () => {
      // All first: what one asks for of others' ports is the same as before.
      for (const record of this.folders.load()) this.registry.add({ record, process: undefined, stopping: false, waiting: new Set() });
      for (const live of [...this.all()]) {
        const { record } = live;
        if (record.exit !== undefined && !record.pending) continue;
        await (record.pending ? this.forgetHalf(live) : this.takeUp(live)).catch((error) => warn(record, error));
      }
      await this.membership.sweep(this.all().map(({ record }) => record));
    });
  }

  create(create: SandboxCreate): Promise<SandboxCreated> {
    return this.inTurn(async () => {
      const isTaken = (name: string): boolean => this.registry.byName(name) !== undefined;
      const plan = planSandbox(create, isTaken, this.catalog.spansNodes(create.network));
      const twin = this.registry.byName(plan.record.name) ?? this.registry.get(plan.record.id);
      if (twin !== undefined) throw nameConflict(plan.record.name, twin.record);
      const links = (create.links ?? []).map((text) => this.linkOf(text, plan.record.name, create.network));
      const target = plan.container === undefined ? undefined : this.registry.running(plan.container);
      const namespace = openNamespace(create, target?.record, plan.record.mode);
      const started: { live?: LiveSandbox } = {};
      try {
        const record: SandboxRecord = {
          ...plan.record,
          ...(target !== undefined && { mode: `container:${target.record.id}`, hostname: target.record.hostname }),
          links,
          pid: create.kind === "run" ? create.pid! : 0,
          startTime: create.kind === "run" ? (startTimeOf(create.pid!) ?? "") : "",
          netns: namespace?.path ?? "",
          netnsInode: namespace?.inode ?? 0,
        };
        const live: LiveSandbox = { record, process: undefined, stopping: false, waiting: new Set() };
        started.live = live;
        this.folders.save(record);
        this.registry.add(live);
        const joins = plan.network !== undefined && namespace !== undefined;
        if (joins) plan.warnings.push(...(await this.places.join(live, namespace, { ...create, network: plan.network! })));
        else if (target === undefined) this.places.writeFiles(live);
        else copyFiles(this.folders, target.record.id, record.id);
        this.places.update(live, { pending: false });
        for (const name of this.namedPorts.nobodys({ record: live.record, members: this.members(live.record) }))
          plan.warnings.push(
            `nobody in network ${create.network} has the name '${name}' now: its published port leads to whoever will have it`,
          );
        if (create.kind === "run") this.watch(live);
        return { id: record.id, name: record.name, dir: this.folders.of(record.id), warnings: plan.warnings };
      } catch (error) {
        if (started.live !== undefined) await this.forget(started.live);
        throw error;
      } finally {
        namespace?.close();
      }
    });
  }

  /** As `SandboxRegistry.find`. */
  find(word: string): LiveSandbox {
    return this.registry.find(word);
  }

  connect(word: string, connect: SandboxConnect): Promise<void> {
    return this.inTurn(async () => {
      const live = this.registry.running(word);
      const { record } = live;
      if (record.mode !== "" && record.mode !== "none")
        throw sandboxError(
          "conflict",
          "container sharing network namespace with another container or host cannot be connected to any other network",
          "connect the one whose namespace it is, or start it on a network",
        );
      const namespace = Namespace.open(record.netns, record.netnsInode);
      try {
        await this.places.join(live, namespace, connect);
      } finally {
        namespace.close();
      }
    });
  }

  disconnect(word: string, network: string): Promise<void> {
    return this.inTurn(async () => {
      const live = this.find(word);
      const { id, name } = this.catalog.find(network);
      const attachment = live.record.attachments.find((each) => each.network === id);
      if (attachment === undefined)
        throw sandboxError("conflict", `sandbox ${live.record.id} is not connected to network ${name}`, "see 'tsproxy network inspect'");
      const namespace = Namespace.open(live.record.netns, live.record.netnsInode);
      try {
        await this.places.leave(live, namespace, attachment);
      } finally {
        namespace.close();
      }
    });
  }

  rename(word: string, name: string): Promise<void> {
    return this.inTurn(async () => {
      const live = this.find(word);
      checkName("sandbox", name);
      const twin = this.registry.byName(name);
      if (twin === live) throw sandboxError("invalid", "Renaming a sandbox with the same name as its current name", "choose another name");
      if (twin !== undefined) throw nameConflict(name, twin.record);
      const before = live.record;
      this.places.update(live, { name });
      try {
        await this.membership.rename(live.record);
      } catch (error) {
        this.places.update(live, { name: before.name });
        await this.membership.rename(live.record).catch((failure) => warn(live.record, failure));
        throw error;
      }
      this.places.writeLinking(live);
    });
  }

  /** `signal`: a number. Throws TSP_ERR_SANDBOX (conflict) when it does not run. */
  signal(word: string, signal: number): void {
    const live = this.find(word);
    const { record, process } = live;
    if (record.kind === "attached")
      throw sandboxError(
        "conflict",
        `sandbox ${record.name} was attached: its programs are others'`,
        `take it out: 'tsproxy detach ${record.name}'`,
      );
    if (process === undefined || !process.signal(signal)) throw notRunning(record);
    if (signal !== SIGTERM) return;
    live.stopping = true;
    void this.places.settleNames().catch((error) => warn(record, error));
  }

  /** The exit code, once it has ended; undefined: it still runs after `timeoutMs`. */
  wait(word: string, timeoutMs: number): Promise<number | undefined> {
    const live = this.find(word);
    const { exit, name, kind } = live.record;
    if (exit !== undefined) return Promise.resolve(exit.code);
    if (kind === "attached")
      throw sandboxError("conflict", `sandbox ${name} was attached: nobody says when it ends`, "wait for those who made its namespace");
    return ended(live, timeoutMs);
  }

  /** Forgets one that has ended, or an attached one; with `force` also one that runs, which is ended. */
  async remove(word: string, force: boolean): Promise<void> {
    const live = this.find(word);
    const { name, kind, exit } = live.record;
    if (kind === "run" && exit === undefined) {
      if (!force)
        throw sandboxError(
          "conflict",
          `cannot remove sandbox "${name}": sandbox is running`,
          "stop it before, or force it: 'tsproxy rm -f'",
        );
      // Written down first: a program that was ended for it must not stay as one that has ended by itself.
      await this.inTurn(async () => this.places.update(live, { pending: true }));
      live.process?.signal(SIGKILL);
      await this.wait(live.record.id, LOOK_MS);
    }
    await this.inTurn(async () => {
      if (this.registry.get(live.record.id) !== undefined) await this.forget(live);
    });
  }

  /** Who is in networks on other nodes has changed. */
  elsewhereChanged(): void {
    if (this.willLook || !this.namedPorts.some) return;
    this.willLook = true;
    void this.inTurn(async () => {
      this.willLook = false;
    }).catch((error) => log.warn(`published ports: ${TsproxyError.of(error).describe()}`));
  }

  /** Looks after them no more; they go on. */
  async close(): Promise<void> {
    clearInterval(this.timer);
    await this.turn;
    for (const { record, process } of this.all()) {
      process?.close();
      this.names.stop(record.id);
    }
  }

  private async takeUp(live: LiveSandbox): Promise<void> {
    const { record } = live;
    if (record.kind === "run") this.watch(live);
    if (record.exit !== undefined || record.netns === "") return;
    let namespace: Namespace;
    try {
      namespace = Namespace.open(record.netns, record.netnsInode);
    } catch (error) {
      if (record.kind === "attached") {
        log.info(`the namespace of ${record.name} ended meanwhile: detached`);
        return this.forget(live);
      }
      throw error;
    }
    try {
      await this.places.restore(live, namespace);
    } finally {
      namespace.close();
    }
  }

  /** What `--link TEXT` of sandbox `own` means: a sandbox of this node, or one on another node in the network that it joins. */
  private linkOf(text: string, own: string, network: string): SandboxRecord["links"][number] {
    const { name, alias } = parseLink(text);
    const target = this.registry.knows(name) ? undefined : this.catalog.ownerElsewhere(network, name);
    return target === undefined ? this.registry.link(text, own) : { target, alias };
  }

  private watch(live: LiveSandbox): void {
    const { pid, startTime } = live.record;
    const process = Process.watch(pid, startTime, () => void this.inTurn(() => this.end(live)).catch((error) => warn(live.record, error)));
    live.process = process;
    if (process === undefined) void this.inTurn(() => this.end(live)).catch((error) => warn(live.record, error));
  }

  /** Its init has ended. */
  private async end(live: LiveSandbox): Promise<void> {
    const { record } = live;
    if (this.registry.get(record.id) === undefined || record.exit !== undefined) return;
    live.process = undefined;
    // Init makes the file before it starts the program: without it nothing ever ran, as when `tsproxy run` was killed half-way.
    const written = this.folders.read(record.id, "exit");
    const code = /^\d+\n$/.test(written ?? "") ? Number(written) : KILLED;
    this.names.stop(record.id);
    for (const attachment of record.attachments) await this.membership.detach(attachment, { wait: false });
    this.places.update(live, { attachments: [], exit: { code, at: new Date().toISOString() } }, {});
    if (record.autoRemove || written === undefined) await this.forget(live);
    this.places.writeLinking(live);
    for (const resolve of live.waiting) resolve(code);
  }

  /** One that was being made or removed. */
  private forgetHalf(live: LiveSandbox): Promise<void> {
    const { kind, pid, startTime } = live.record;
    const process = kind === "run" ? Process.watch(pid, startTime, () => {}) : undefined;
    process?.kill();
    process?.close();
    return this.forget(live);
  }

  /** Of it nothing is left; what a SIGKILL keeps from that, the next start does. */
  private async forget(live: LiveSandbox): Promise<void> {
    if (!live.record.pending) this.places.update(live, { pending: true });
    const { record, process } = live;
    process?.close();
    this.names.stop(record.id);
    for (const attachment of record.attachments) await this.membership.detach(attachment);
    this.registry.remove(live);
    this.folders.remove(record.id);
  }

  /** Detaches what was attached and has ended. */
  private look(): void {
    for (const live of this.all()) {
      const { kind, netns, netnsInode, name } = live.record;
      if (kind !== "attached") continue;
      if (leadsTo(netns, netnsInode)) continue;
      log.info(`the namespace of ${name} has ended: detached`);
      void this.inTurn(async () => {
        if (this.registry.get(live.record.id) === live) await this.forget(live);
      }).catch((error) => warn(live.record, error));
    }
  }

  private inTurn<T>(action: () => Promise<T>): Promise<T> {
    const done = this.turn.then(action).finally(() => {
      this.places.openLinks();
      return this.places.settleNames();
    });
    this.turn = done.catch(() => {});
    return done;
  }
}
