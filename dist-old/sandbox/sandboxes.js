import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { leadsTo, Namespace, openNamespace } from "./device-setup.js";
import { gatewaysIn } from "./gateways.js";
import { LinkRules } from "./link-rules.js";
import { checkName } from "./network-request.js";
import { Process, startTimeOf } from "./process.js";
import { SandboxRegistry } from "./registry.js";
import { nameConflict, notRunning, sandboxError } from "./sandbox-errors.js";
import { copyFiles, scopeOf, writeFiles } from "./sandbox-files.js";
import { planSandbox } from "./sandbox-request.js";
/** Exit code of what SIGKILL ended before it could say more. */
const KILLED = 137;
/** Attached namespaces are looked at so often: nobody says when one ends. */
const LOOK_MS = 2000;
const SIGKILL = 9, SIGTERM = 15;
export class Sandboxes {
    constructor(catalog, membership, folders, names, namedPorts) {
        this.catalog = catalog;
        this.membership = membership;
        this.folders = folders;
        this.names = names;
        this.namedPorts = namedPorts;
        this.registry = new SandboxRegistry();
        this.linkRules = new LinkRules();
        this.turn = Promise.resolve();
        this.timer = setInterval(() => this.look(), LOOK_MS).unref();
    }
    all() {
        return this.registry.all();
    }
    members(record) {
        return this.membership.members(record);
    }
    /** Its published ports that lead to a name. */
    namedMappings(record) {
        if (record.ports.every(({ name }) => name === undefined))
            return [];
        return this.namedPorts.mappingsOf({ record, members: this.members(record) });
    }
    dirOf(id) {
        return this.folders.of(id);
    }
    /** Takes up what an earlier process left: what runs goes on, what ended is told so. To be called once, after the model's `restore`. */
    restore() {
        return this.inTurn(async () => {
            for (const record of this.folders.load()) {
                const live = { record, process: undefined, stopping: false, waiting: new Set() };
                this.registry.add(live);
                if (record.exit !== undefined && !record.pending)
                    continue;
                await (record.pending ? this.forgetHalf(live) : this.takeUp(live)).catch((error) => warn(record, error));
            }
            await this.membership.sweep(this.all().map(({ record }) => record));
        });
    }
    create(create) {
        return this.inTurn(async () => {
            const plan = planSandbox(create, (name) => this.registry.byName(name) !== undefined);
            const twin = this.registry.byName(plan.record.name) ?? this.registry.get(plan.record.id);
            if (twin !== undefined)
                throw nameConflict(plan.record.name, twin.record);
            const links = (create.links ?? []).map((text) => this.registry.link(text, plan.record.name));
            const target = plan.container === undefined ? undefined : this.registry.running(plan.container);
            const namespace = openNamespace(create, target?.record, plan.record.mode);
            const started = {};
            try {
                const record = {
                    ...plan.record,
                    ...(target !== undefined && { mode: `container:${target.record.id}`, hostname: target.record.hostname }),
                    links,
                    pid: create.kind === "run" ? create.pid : 0,
                    startTime: create.kind === "run" ? (startTimeOf(create.pid) ?? "") : "",
                    netns: namespace?.path ?? "",
                    netnsInode: namespace?.inode ?? 0,
                };
                const live = { record, process: undefined, stopping: false, waiting: new Set() };
                started.live = live;
                this.folders.save(record);
                this.registry.add(live);
                const joins = plan.network !== undefined && namespace !== undefined;
                if (joins)
                    plan.warnings.push(...(await this.join(live, namespace, { ...create, network: plan.network })));
                else if (target === undefined)
                    this.writeFiles(live);
                else
                    copyFiles(this.folders, target.record.id, record.id);
                this.update(live, { pending: false });
                if (create.kind === "run")
                    this.watch(live);
                return { id: record.id, name: record.name, dir: this.folders.of(record.id), warnings: plan.warnings };
            }
            catch (error) {
                if (started.live !== undefined)
                    await this.forget(started.live);
                throw error;
            }
            finally {
                namespace?.close();
            }
        });
    }
    /** As `SandboxRegistry.find`. */
    find(word) {
        return this.registry.find(word);
    }
    connect(word, connect) {
        return this.inTurn(async () => {
            const live = this.registry.running(word);
            const { record } = live;
            if (record.mode !== "" && record.mode !== "none")
                throw sandboxError("conflict", "container sharing network namespace with another container or host cannot be connected to any other network");
            const namespace = Namespace.open(record.netns, record.netnsInode);
            try {
                await this.join(live, namespace, connect);
            }
            finally {
                namespace.close();
            }
        });
    }
    disconnect(word, network) {
        return this.inTurn(async () => {
            const live = this.find(word);
            const { id, name } = this.catalog.find(network);
            const attachment = live.record.attachments.find((each) => each.network === id);
            if (attachment === undefined)
                throw sandboxError("conflict", `container ${live.record.id} is not connected to network ${name}`, "see 'tsproxy network inspect'");
            const namespace = Namespace.open(live.record.netns, live.record.netnsInode);
            try {
                this.update(live, { attachments: live.record.attachments.filter((each) => each !== attachment) });
                await this.membership.detach(attachment);
                await this.arrange(live, namespace); // another network has the default route and the ports now
                this.serveNames(live, namespace);
                this.writeFiles(live);
                this.writeLinking(live);
            }
            finally {
                namespace.close();
            }
        });
    }
    rename(word, name) {
        return this.inTurn(async () => {
            const live = this.find(word);
            checkName("sandbox", name);
            const twin = this.registry.byName(name);
            if (twin === live)
                throw sandboxError("invalid", "Renaming a sandbox with the same name as its current name");
            if (twin !== undefined)
                throw nameConflict(name, twin.record);
            const before = live.record;
            this.update(live, { name });
            try {
                await this.membership.rename(live.record);
            }
            catch (error) {
                this.update(live, { name: before.name });
                await this.membership.rename(live.record).catch((failure) => warn(live.record, failure));
                throw error;
            }
            this.writeLinking(live);
        });
    }
    /** `signal`: a number. Throws TSP_ERR_SANDBOX (conflict) when it does not run. */
    signal(word, signal) {
        const live = this.find(word);
        const { record, process } = live;
        if (record.kind === "attached")
            throw sandboxError("conflict", `sandbox ${record.name} was attached: its programs are others'`, `take it out: 'tsproxy detach ${record.name}'`);
        if (process === undefined || !process.signal(signal))
            throw notRunning(record);
        if (signal !== SIGTERM)
            return;
        live.stopping = true;
        void this.namedPorts.settle(...this.asking()).catch((error) => warn(record, error));
    }
    /** The exit code, once it has ended; undefined: it still runs after `timeoutMs`. */
    wait(word, timeoutMs) {
        const live = this.find(word);
        const { exit, name, kind } = live.record;
        if (exit !== undefined)
            return Promise.resolve(exit.code);
        if (kind === "attached")
            throw sandboxError("conflict", `sandbox ${name} was attached: nobody says when it ends`);
        return new Promise((resolve) => {
            const done = (code) => {
                clearTimeout(timer);
                live.waiting.delete(done);
                resolve(code);
            };
            const timer = setTimeout(() => done(undefined), timeoutMs);
            live.waiting.add(done);
        });
    }
    /** Forgets one that has ended, or an attached one; with `force` also one that runs, which is ended. */
    async remove(word, force) {
        const live = this.find(word);
        const { name, kind, exit } = live.record;
        if (kind === "run" && exit === undefined) {
            if (!force)
                throw sandboxError("conflict", `cannot remove sandbox "${name}": sandbox is running`, "stop it before, or force it: 'tsproxy rm -f'");
            // Written down first: a program that was ended for it must not stay as one that has ended by itself.
            await this.inTurn(async () => this.update(live, { pending: true }));
            live.process?.signal(SIGKILL);
            await this.wait(live.record.id, LOOK_MS);
        }
        await this.inTurn(async () => {
            if (this.registry.get(live.record.id) !== undefined)
                await this.forget(live);
        });
    }
    /** Looks after them no more; they go on. */
    async close() {
        clearInterval(this.timer);
        await this.turn;
        for (const { record, process } of this.all()) {
            process?.close();
            this.names.stop(record.id);
        }
    }
    async takeUp(live) {
        const { record } = live;
        if (record.kind === "run")
            this.watch(live);
        if (record.exit !== undefined || record.netns === "")
            return;
        let namespace;
        try {
            namespace = Namespace.open(record.netns, record.netnsInode);
        }
        catch (error) {
            if (record.kind === "attached") {
                log.info(`the namespace of ${record.name} ended meanwhile: detached`);
                return this.forget(live);
            }
            throw error;
        }
        try {
            // What a SIGKILL cut off: endpoints that went, default route and ports that are to move.
            const there = this.members(record).flatMap(({ attachment, endpoint }) => (endpoint.gone ? [] : [attachment]));
            if (there.length < record.attachments.length) {
                for (const attachment of record.attachments)
                    if (!there.includes(attachment))
                        await this.membership.detach(attachment);
                this.update(live, { attachments: there });
            }
            // A port that somebody else has by now does not keep its names from it.
            await this.arrange(live, namespace).catch((error) => warn(record, error));
            this.serveNames(live, namespace);
            this.writeFiles(live);
        }
        finally {
            namespace.close();
        }
    }
    /** Answers what is not as asked for. */
    async arrange(live, namespace) {
        const { gateways, warnings } = await this.membership.arrange(live.record, namespace);
        const { ipv4, ipv6 } = gatewaysIn(live.record);
        if (gateways.ipv4 !== ipv4 || gateways.ipv6 !== ipv6)
            this.update(live, {}, gateways);
        await this.namedPorts.arrange(...this.asking(), live.record.id);
        return warnings;
    }
    /** With names and files; or throws with all as it was. */
    async join(live, namespace, connect) {
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
        }
        catch (error) {
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
                }
                catch (failure) {
                    warn(live.record, failure);
                }
            throw error;
        }
    }
    asking() {
        const running = this.all().filter(({ record }) => record.exit === undefined);
        const asking = running.filter(({ record }) => record.ports.some(({ name }) => name !== undefined));
        return [
            asking.map(({ record }) => ({ record, members: this.members(record) })),
            new Set(running.filter(({ stopping }) => stopping).map(({ record }) => record.id)),
        ];
    }
    serveNames(live, namespace) {
        const scope = scopeOf(live.record, this.members(live.record));
        if (scope === undefined)
            this.names.stop(live.record.id);
        else
            this.names.serve(scope, namespace.fd);
    }
    openLinks() {
        const running = this.all().filter(({ record }) => record.exit === undefined);
        try {
            this.linkRules.refresh(new Map(running.map(({ record }) => [record.id, record])), (record) => this.members(record));
        }
        catch (error) {
            log.warn(`links: ${TsproxyError.of(error).describe()}`);
        }
    }
    writeFiles({ record }) {
        writeFiles(this.folders, record, this.members(record), this.linkedOf(record));
    }
    linkedOf({ links }) {
        return links.flatMap(({ target }) => {
            const other = this.registry.get(target);
            return other === undefined ? [] : [{ record: other.record, members: this.members(other.record) }];
        });
    }
    /** Anew the files of those that are linked to it. */
    writeLinking({ record: { id } }) {
        for (const other of this.registry.linkedTo(id))
            this.writeFiles(other);
    }
    watch(live) {
        const { pid, startTime } = live.record;
        const process = Process.watch(pid, startTime, () => void this.inTurn(() => this.end(live)).catch((error) => warn(live.record, error)));
        live.process = process;
        if (process === undefined)
            void this.inTurn(() => this.end(live)).catch((error) => warn(live.record, error));
    }
    /** Its init has ended. */
    async end(live) {
        const { record } = live;
        if (this.registry.get(record.id) === undefined || record.exit !== undefined)
            return;
        live.process = undefined;
        // Init makes the file before it starts the program: without it nothing ever ran, as when `tsproxy run` was killed half-way.
        const written = this.folders.read(record.id, "exit");
        const code = /^\d+\n$/.test(written ?? "") ? Number(written) : KILLED;
        this.names.stop(record.id);
        for (const attachment of record.attachments)
            await this.membership.detach(attachment, { wait: false });
        this.update(live, { attachments: [], exit: { code, at: new Date().toISOString() } }, {});
        if (record.autoRemove || written === undefined)
            await this.forget(live);
        this.writeLinking(live);
        for (const resolve of live.waiting)
            resolve(code);
    }
    /** One that was being made or removed. */
    forgetHalf(live) {
        const { kind, pid, startTime } = live.record;
        const process = kind === "run" ? Process.watch(pid, startTime, () => { }) : undefined;
        process?.kill();
        process?.close();
        return this.forget(live);
    }
    /** Of it nothing is left; what a SIGKILL keeps from that, the next start does. */
    async forget(live) {
        if (!live.record.pending)
            this.update(live, { pending: true });
        const { record, process } = live;
        process?.close();
        this.names.stop(record.id);
        for (const attachment of record.attachments)
            await this.membership.detach(attachment);
        this.registry.remove(live);
        this.folders.remove(record.id);
    }
    /** Detaches what was attached and has ended. */
    look() {
        for (const live of this.all()) {
            const { kind, netns, netnsInode, name } = live.record;
            if (kind !== "attached")
                continue;
            if (leadsTo(netns, netnsInode))
                continue;
            log.info(`the namespace of ${name} has ended: detached`);
            void this.inTurn(async () => {
                if (this.registry.get(live.record.id) === live)
                    await this.forget(live);
            }).catch((error) => warn(live.record, error));
        }
    }
    update(live, change, gateways = gatewaysIn(live.record)) {
        const record = withGateways({ ...live.record, ...change }, gateways);
        this.folders.save(record);
        live.record = record;
    }
    save({ record }) {
        this.folders.save(record);
    }
    inTurn(action) {
        const done = this.turn.then(action).finally(() => {
            this.openLinks();
            return this.namedPorts.settle(...this.asking());
        });
        this.turn = done.catch(() => { });
        return done;
    }
}
function withGateways({ gateway: _, ipv6Gateway: __, ...rest }, { ipv4, ipv6 }) {
    return { ...rest, ...(ipv4 !== undefined && { gateway: ipv4 }), ...(ipv6 !== undefined && { ipv6Gateway: ipv6 }) };
}
function warn({ name }, error) {
    log.warn(`sandbox ${name}: ${TsproxyError.of(error).describe()}`);
}
//# sourceMappingURL=sandboxes.js.map