/**
 * etcd as the store of a cluster, by its JSON gateway. Keys and values are base64 there, 64-bit numbers are text, and fields that are zero are
 * left out. What comes is checked: something else may answer at that address.
 */
import * as v from "valibot";
import { AnswerTooLong, EtcdError, Gateway, NOT_FOUND } from "./etcd-gateway.js";
import type { EtcdOptions } from "./etcd-options.js";
import { Keys } from "./keys.js";
import {
  type ClusterStore,
  type Condition,
  type Entry,
  endOf,
  type LeaseId,
  LeaseLost,
  type Operation,
  type Outcome,
  type Snapshot,
  type StoreEvent,
  storeError,
  type Transaction,
  type Watch,
  type WatchListener,
} from "./store.js";

/** Keys in one answer: some hundred KB. */
const PAGE = 1000;

const int64 = v.pipe(v.string(), v.regex(/^-?\d{1,19}$/), v.transform(Number));
const text = v.pipe(
  v.string(),
  v.transform((base64) => Buffer.from(base64, "base64").toString("utf8")),
);
const keyValue = v.object({ key: text, value: v.optional(text, ""), mod_revision: v.optional(int64, "0") });
const header = v.object({ revision: int64 });
const Version = v.object({ etcdserver: v.string() });
const Range = v.object({ header, kvs: v.optional(v.array(keyValue), []), more: v.optional(v.boolean(), false) });
const Txn = v.object({
  header,
  succeeded: v.optional(v.boolean(), false),
  responses: v.optional(v.array(v.object({ response_range: v.optional(v.object({ kvs: v.optional(v.array(keyValue), []) })) })), []),
});
const Granted = v.object({ ID: v.string() });
const KeptAlive = v.object({ result: v.object({ TTL: v.optional(int64, "0") }) });
const Watched = v.union([
  v.object({
    result: v.object({
      created: v.optional(v.boolean(), false),
      canceled: v.optional(v.boolean(), false),
      cancel_reason: v.optional(v.string(), ""),
      compact_revision: v.optional(int64),
      events: v.optional(v.array(v.object({ type: v.optional(v.string(), "PUT"), kv: keyValue })), []),
    }),
  }),
  v.object({ error: v.object({ message: v.string() }) }),
]);

export class EtcdStore implements ClusterStore {
  readonly name: string;
  private readonly gateway: Gateway;

  constructor(options: EtcdOptions) {
    this.gateway = new Gateway(options);
    this.name = `etcd at ${this.gateway.name}`;
  }

  /** Whether it is an etcd that can do what we need, and lets us read a cluster's keys. Throws TSP_ERR_STORE. */
  async check(cluster = "default"): Promise<void> {
    const { etcdserver } = await this.ask(Version, this.gateway.version());
    const [major = 0, minor = 0] = etcdserver.split(".").map(Number);
    if (!(major > 3 || (major === 3 && minor >= 4)))
      throw storeError("invalid", `the store at ${this.gateway.name} is etcd ${etcdserver}`, "etcd 3.4 or later is needed");
    const { all } = new Keys(cluster);
    await this.range(all, { end: endOf(all), limit: 1 });
  }

  async list(prefix: string): Promise<Snapshot> {
    const entries: Entry[] = [];
    for (let revision = 0, limit = PAGE; ; ) {
      const last = entries.at(-1);
      const from = last === undefined ? prefix : `${last.key}\0`;
      const page = await this.range(from, { end: endOf(prefix), limit, revision }).catch((error) => {
        if (!(error instanceof AnswerTooLong)) throw error;
        if (limit === 1) throw storeError("unavailable", `${this.name}: ${error.message}`, `remove what is no key of ours below ${prefix}`);
        return undefined;
      });
      if (page === undefined) {
        limit = Math.ceil(limit / 8); // somebody has put large values there
        continue;
      }
      revision ||= page.header.revision;
      entries.push(...page.kvs.map(entryOf));
      if (!page.more || page.kvs.length === 0) return { revision, entries };
    }
  }

  async transact({ when, change, orRead = [] }: Transaction): Promise<Outcome> {
    const body = {
      compare: when.map(compare),
      success: change.map(request),
      failure: orRead.map((key) => ({ request_range: { key: base64(key) } })),
    };
    const { header, succeeded, responses } = await this.ask(Txn, this.gateway.call("/v3/kv/txn", body));
    const found = succeeded ? [] : responses.flatMap(({ response_range }) => (response_range?.kvs ?? []).map(entryOf));
    return { done: succeeded, revision: header.revision, found };
  }

  async grant(ttlSec: number): Promise<LeaseId> {
    return (await this.ask(Granted, this.gateway.call("/v3/lease/grant", { TTL: String(ttlSec) }))).ID;
  }

  async keepAlive(lease: LeaseId): Promise<boolean> {
    return (await this.ask(KeptAlive, this.gateway.call("/v3/lease/keepalive", { ID: lease }))).result.TTL > 0;
  }

  async revoke(lease: LeaseId): Promise<void> {
    try {
      await this.gateway.call("/v3/lease/revoke", { ID: lease });
    } catch (error) {
      const failure = asStoreError(this.name, error);
      if (!(failure instanceof LeaseLost)) throw failure;
    }
  }

  watch(prefix: string, from: number, listener: WatchListener): Watch {
    const body = { create_request: { key: base64(prefix), range_end: base64(endOf(prefix)), start_revision: String(from) } };
    // The gateway leaves the stream open, and silent, after it was canceled: so it is closed here.
    const end = (error: Error): void => {
      stream.close();
      listener.onEnd(error);
    };
    const stream = this.gateway.stream("/v3/watch", body, {
      onMessage: (message) => {
        const parsed = v.safeParse(Watched, message);
        if (!parsed.success) return end(new Error("a message that is none of etcd's"));
        if ("error" in parsed.output) return end(new Error(parsed.output.error.message));
        const { canceled, cancel_reason, compact_revision, events } = parsed.output.result;
        if (compact_revision !== undefined) return end(new Error(`revision ${from} has been compacted: the first is ${compact_revision}`));
        if (canceled) return end(new Error(`etcd has ended it: ${cancel_reason}`));
        if (events.length > 0) listener.onEvents(events.map(eventOf));
      },
      onEnd: listener.onEnd,
    });
    return stream;
  }

  close(): void {
    this.gateway.close();
  }

  private range(key: string, { end, limit, revision = 0 }: { end?: string; limit: number; revision?: number }) {
    const body = {
      key: base64(key),
      ...(end !== undefined && { range_end: base64(end) }),
      limit: String(limit),
      revision: String(revision),
    };
    return this.ask(Range, this.gateway.call("/v3/kv/range", body));
  }

  private async ask<S extends v.GenericSchema>(schema: S, answer: Promise<unknown>): Promise<v.InferOutput<S>> {
    try {
      const parsed = v.safeParse(schema, await answer);
      if (parsed.success) return parsed.output;
      const problem = `${v.getDotPath(parsed.issues[0]) ?? "all of it"}: ${parsed.issues[0].message}`;
      throw storeError("unavailable", `the store at ${this.gateway.name} gives an answer that is none of etcd's (${problem})`);
    } catch (error) {
      throw asStoreError(this.name, error);
    }
  }
}

function asStoreError(name: string, error: unknown): unknown {
  if (!(error instanceof EtcdError)) return error;
  if (error.code === NOT_FOUND) return new LeaseLost(error.message); // nothing else is looked for that must be there
  return storeError("unavailable", `${name} refuses (${error.message})`, "see its log", error);
}

function base64(key: string): string {
  return Buffer.from(key, "utf8").toString("base64");
}

function entryOf({ key, value, mod_revision }: v.InferOutput<typeof keyValue>): Entry {
  return { key, value, revision: mod_revision };
}

function eventOf({ type, kv }: { type: string; kv: v.InferOutput<typeof keyValue> }): StoreEvent {
  return { key: kv.key, value: type === "DELETE" ? undefined : kv.value, revision: kv.mod_revision };
}

function compare(condition: Condition): object {
  if ("absent" in condition) return { target: "VERSION", key: base64(condition.absent), version: "0", result: "EQUAL" };
  if ("present" in condition) return { target: "VERSION", key: base64(condition.present), version: "0", result: "GREATER" };
  if ("key" in condition) return { target: "VALUE", key: base64(condition.key), value: base64(condition.value), result: "EQUAL" };
  const under = (prefix: string) => ({ key: base64(prefix), range_end: base64(endOf(prefix)) });
  // Of a range each key must pass; where there is none, a version and a revision of 0 do.
  if ("absentUnder" in condition) return { target: "VERSION", ...under(condition.absentUnder), version: "0", result: "EQUAL" };
  return { target: "MOD", ...under(condition.quietUnder), mod_revision: String(condition.since + 1), result: "LESS" };
}

function request(operation: Operation): object {
  if ("remove" in operation) return { request_delete_range: { key: base64(operation.remove) } };
  const { put, value, lease } = operation;
  return { request_put: { key: base64(put), value: base64(value), ...(lease !== undefined && { lease }) } };
}
