/**
 * That a node is there: its name in the store, under a lease that is kept. When the lease is lost, since the store was out of reach for longer than
 * it lasts, the node comes back under a new one, and with it what it holds. No clock is compared with another: a lease is counted down by the
 * store, and kept by intervals.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { NodeKeys } from "../control/network/key-ring.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { formatIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import type { Keys } from "./keys.js";
import { type NodeRecord, nodeText, parseNode } from "./records.js";
import { type ClusterStore, type LeaseId, LeaseLost, storeError } from "./store.js";

/** After a failure. */
const RETRY_MS = 500;
const COPIED = "was its state folder copied? remove the file node-id from the copy, and give each node another --node";

export class NodeSession {
  private current: LeaseId | undefined;
  /** Whether all that it holds was put under the current lease. */
  private complete = false;
  private readonly closing = new AbortController();
  private wake = new AbortController();
  private said = "";
  /** Another one has the name. */
  private conflict: TsproxyError | undefined;
  /** Tells this process from another one with the same state folder. */
  private readonly id = randomBytes(8).toString("hex");
  /** It was known there: whoever has its name now has taken it since, and is no process of before. */
  private wasKnown = false;
  /** Lease of an earlier process of this node. */
  private former: LeaseId | undefined;

  /** What others are to know of the node has changed since it was put. */
  private changed = false;

  /** `announce`: puts what the node holds under the lease. `keys`: that the others are to know; `onTold`: they can know those of now. */
  constructor(
    private readonly store: ClusterStore,
    private readonly keys: Keys,
    private readonly self: NodeRecord,
    private readonly ttlSec: number,
    private readonly announce: (lease: LeaseId) => Promise<void>,
    private readonly publicKeys: () => NodeKeys | undefined = () => undefined,
    private readonly onTold: () => void = () => {},
  ) {}

  /** Throws TSP_ERR_STORE while there is none. */
  get lease(): LeaseId {
    if (this.current === undefined)
      throw this.conflict ?? storeError("unavailable", "store unreachable: this node is not known there now", "see the daemon's log");
    return this.current;
  }

  /**
   * Makes the node known, and keeps it so until `close`. Throws TSP_ERR_STORE: conflict when another node has the name; what else the store
   * throws. A store that is not reached is tried again, and false is answered.
   */
  async start(): Promise<boolean> {
    try {
      await this.register();
    } catch (error) {
      if (TsproxyError.of(error).kind !== "unavailable") throw error;
      this.say(error);
    }
    void this.run();
    return this.current !== undefined;
  }

  /** Whether this process has put the record. */
  isOwn({ session }: NodeRecord): boolean {
    return session === this.id;
  }

  /** Its lease has ended, or what was put under it is not there: the node is made known again. */
  renew(lease: LeaseId | undefined = this.current): void {
    if (lease !== this.current) return; // by somebody else, already
    this.complete = false;
    this.current = undefined;
    this.wake.abort();
  }

  /** What was put under the lease is put once more. */
  repeat(): void {
    this.complete = false;
    this.wake.abort();
  }

  /** What others are to know of the node has changed, or is not there as it was put: they are told, as soon as the store is reached. */
  tell(): void {
    this.changed = true;
    this.wake.abort();
  }

  /** `leave`: the others are told at once; else they wait for the lease to end, so that a restart is not noticed. */
  async close(leave: boolean): Promise<void> {
    this.closing.abort();
    this.wake.abort();
    if (leave && this.current !== undefined) await this.store.revoke(this.current).catch(() => {});
  }

  private async run(): Promise<void> {
    let failed = this.current === undefined;
    while (!this.closing.signal.aborted) {
      const ms = failed ? RETRY_MS : (this.ttlSec * 1000) / 3;
      await sleep(ms, undefined, { signal: this.wake.signal }).catch(() => {});
      if (this.closing.signal.aborted) return;
      this.wake = new AbortController();
      try {
        await this.keep();
        failed = false;
        this.conflict = undefined;
        if (this.said !== "") log.info(`node ${this.self.name} is known to the others again`);
        this.said = "";
      } catch (error) {
        failed = error !== this.conflict; // another one goes in its own time
        if (failed) this.conflict = undefined;
        if (error instanceof LeaseLost) this.renew();
        else this.say(error);
        if (!failed) await this.giveUp();
      }
    }
  }

  private async keep(): Promise<void> {
    const { current } = this;
    if (current !== undefined && !(await this.store.keepAlive(current))) {
      log.warn(`the lease of node ${this.self.name} has ended: the others do not know it any more; it comes back`);
      this.renew(current);
    }
    if (this.current !== undefined && this.changed) await this.putName(this.current);
    if (this.current === undefined) await this.register();
    else if (!this.complete) await this.announceUnder(this.current);
  }

  /** What was put under the lease is another one's to tell. */
  private async giveUp(): Promise<void> {
    const { current } = this;
    this.complete = false;
    this.current = undefined;
    if (current !== undefined) await this.store.revoke(current).catch(() => {});
  }

  private async register(): Promise<void> {
    const lease = await this.store.grant(this.ttlSec);
    try {
      await this.putName(lease);
    } catch (error) {
      await this.store.revoke(lease).catch(() => {});
      throw error;
    }
    this.current = lease;
    this.wasKnown = true;
    await this.announceUnder(lease);
  }

  private async putName(lease: LeaseId): Promise<void> {
    this.changed = false;
    const keys = this.publicKeys();
    try {
      await this.putRecord({ ...this.self, session: this.id, ...(keys && { keys }) }, lease);
    } catch (error) {
      this.changed = true;
      throw error;
    }
    if (!this.changed) this.onTold();
  }

  private async putRecord(record: NodeRecord, lease: LeaseId): Promise<void> {
    const { name, instance, session } = record;
    const key = this.keys.node(name);
    const change = [{ put: key, value: nodeText(record, lease), lease }];
    const { done, found } = await this.store.transact({ when: [{ absent: key }], change, orRead: [key] });
    if (done) return;
    const value = found[0]?.value ?? "";
    const other = parseNode(value);
    const overwrite = async (): Promise<void> => {
      if (!(await this.store.transact({ when: [{ key, value }], change })).done) throw storeError("unavailable", `node '${name}' changes`);
    };
    if ("problem" in other && this.wasKnown) {
      log.warn(`somebody else has written the store's key ${key} (${other.problem}); it is put again`);
      return overwrite();
    }
    if ("problem" in other)
      throw this.taken(`the store's key ${key} is none of ours: ${other.problem}`, "remove it, or choose another --node");
    const at = eachFamily(other.record.tunnel).map(formatIp).join(", ");
    if (other.record.instance !== instance)
      throw this.taken(`there is a node '${name}' already (at ${at})`, "give each node another --node, or wait until that one is gone");
    if (this.wasKnown && other.record.session !== session) throw this.taken(`another daemon has become node '${name}' (at ${at})`, COPIED);
    // This node's, from before; what it had then and has no more is to go with that lease, when what it has is put under this one.
    if (other.record.lease !== lease) this.former = other.record.lease;
    return overwrite();
  }

  private taken(message: string, hint: string): TsproxyError {
    this.conflict = storeError("conflict", message, hint);
    return this.conflict;
  }

  private async announceUnder(lease: LeaseId): Promise<void> {
    this.complete = true;
    try {
      await this.announce(lease);
      if (this.former !== undefined) await this.store.revoke(this.former);
      this.former = undefined;
    } catch (error) {
      this.complete = false;
      throw error;
    }
  }

  private say(error: unknown): void {
    const { message } = TsproxyError.of(error);
    const words = TsproxyError.of(error).describe();
    const what = message.replace(/ \(.*\)$/, ""); // the reason in brackets may be another one each time
    if (what !== this.said) log.warn(`node ${this.self.name} cannot be made known: ${words}`);
    this.said = what;
  }
}
