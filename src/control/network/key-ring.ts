/**
 * Keys between this node and others, for encrypted networks (decisions 142 and 143).
 *
 * Theory of operation. Each node has X25519 keys (RFC 7748) that were made by this process and are nowhere but in its memory; others are told the public
 * halves, by a store that those who write there are trusted with. Of one's own key and the other's come two keys for an AEAD, one a direction (HKDF,
 * RFC 5869). So no two processes ever have a key in common, whatever happens to a disk or a clock, and counters begin at 0 with each key.
 *
 * A node has its newest key and the one before: `rotate` makes another, and the oldest is forgotten, with all that came of it. What others send is opened by
 * either. What is sent uses the other's newest key, since who has told it can open with it; and one's own newest as soon as the other node has been heard
 * to use it, or, from who sends nothing, SETTLED_MS after it was told (more where leases are longer).
 *
 * Keys of a pair are made once and kept as long as the own one is there, even if the other node goes and comes back with the same: else its counters would
 * begin anew.
 */
import { createPublicKey, diffieHellman, generateKeyPairSync, hkdfSync, type KeyObject, randomInt } from "node:crypto";
import type { ToWorker } from "../../engine/messages.js";
import { TsproxyError } from "../../errors.js";
import { log } from "../../log.js";
import { createWindows, ReplayWindows } from "../../table/replay-window.js";
import { NO_KEY } from "../../table/seals.js";
import { formatIp, type IpAddress } from "../../wire/ip-address.js";
import { keyPair, MAX_KEY_NUMBER, MAX_WORKERS } from "../../wire/sealed.js";

export { MAX_KEY_NUMBER, MAX_WORKERS };

/** A public key as it is told to others. */
export interface PublicKey {
  /** What datagrams call it: 0 to 65,535. */
  readonly number: number;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/** What a node tells others of its keys. */
export interface NodeKeys {
  /** The newest first; two at most. */
  readonly keys: readonly PublicKey[];
  /** Its processor has instructions for AES: two such nodes use AES-256-GCM, others ChaCha20-Poly1305. */
  readonly aes: boolean;
  /** Workers that seal, each with counters of its own, and that have flows: 1 to 255. */
  readonly workers: number;
}

interface OwnKey extends PublicKey {
  readonly secret: KeyObject;
  /** By the other's public key, in hex. */
  readonly pairs: Map<string, Pair>;
}

/** Numbers of the two keys that came of a pair. */
interface Pair {
  readonly send: number;
  readonly receive: number;
  readonly windows: ReplayWindows;
}

interface Peer {
  readonly address: IpAddress;
  keys: NodeKeys;
  /** What the workers were told. */
  said: string;
}

/** Where this process is: what it has, and whom it tells. */
export interface KeyRingSite {
  readonly workers: number;
  readonly aes: boolean;
  post(message: ToWorker): void;
}

/**
 * Others know a key by then, however long their watch hung (8 seconds, decision 131), or have left: who is cut off from the store, and so does not know
 * it, is a node for the others until its lease ends.
 */
export const SETTLED_MS = 30_000;
const NOTICED_MS = 20_000;
const LOOK_MS = 1000;
const KEY_SIZE = 32;
const AES_256_GCM = 0,
  CHACHA20_POLY1305 = 1;
const LABEL = "tsproxy overlay 1";
/** DER before the 32 bytes of an X25519 public key (RFC 8410 §4). */
const SPKI = Buffer.from("302a300506032b656e032100", "hex");

export class KeyRing {
  private own: OwnKey[] = [];
  private readonly peers = new Map<string, Peer>();
  private readonly refused = new Set<string>();
  private readonly freeNumbers: number[] = [];
  private nextNumber = 0;
  /** Others may not know the newest key yet, and it was told at this time, in monotonic milliseconds; undefined: it was not told yet. */
  private settling = false;
  private toldAt: number | undefined;
  private settledMs = SETTLED_MS;
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly site: KeyRingSite,
    private readonly now: () => number = () => performance.now(),
  ) {
    if (site.workers > MAX_WORKERS)
      throw new TsproxyError("TSP_ERR_OPTION", "invalid", `${site.workers} workers cannot seal`, `use ${MAX_WORKERS} or fewer`);
  }

  /** What others are to be told. */
  get published(): NodeKeys {
    if (this.own.length === 0) this.own = [this.makeKey(randomInt(MAX_KEY_NUMBER + 1))];
    return { keys: this.own.map(({ number, bytes }) => ({ number, bytes })), aes: this.site.aes, workers: this.site.workers };
  }

  /** Another key from now on, which others are to be told; `told` is to be called when they can know it. Nothing happens before `canRotate`. */
  rotate(): void {
    if (this.own.length === 0 || this.settling) return;
    const [newest, ...rest] = this.own;
    this.own = [this.makeKey((newest!.number + 1) & MAX_KEY_NUMBER), newest!];
    this.settling = true;
    this.toldAt = undefined;
    this.applyAll();
    for (const gone of rest) this.forget(gone);
  }

  /** Others can know the newest key by now. `ttlSec`: how long a node that is cut off from the store is there for the others. */
  told(ttlSec = 0): void {
    if (!this.settling || this.toldAt !== undefined) return;
    this.settledMs = Math.max(SETTLED_MS, ttlSec * 1000 + NOTICED_MS);
    this.toldAt = this.now();
    this.timer = setInterval(() => this.settle(), LOOK_MS);
    this.timer.unref();
  }

  /** Whether others know the newest key: else `rotate` has to wait. */
  get canRotate(): boolean {
    return !this.settling;
  }

  /** Of the node at that address in the underlay; undefined: it has none that is known. */
  setPeer(address: IpAddress, keys: NodeKeys | undefined): void {
    const name = formatIp(address);
    const usable = keys && this.usable(name, keys);
    const before = this.peers.get(name);
    if (usable === undefined) {
      if (before === undefined) return;
      this.peers.delete(name);
      this.site.post({ type: "seal-node", node: address, send: NO_KEY, receive: [], workers: 1 });
      return;
    }
    const peer = before ?? { address, keys: usable, said: "" };
    peer.keys = usable;
    this.peers.set(name, peer);
    this.apply(peer);
  }

  /** Whether something can be sent to the node. */
  knows(address: IpAddress): boolean {
    return this.peers.has(formatIp(address));
  }

  /** Goes on with the newest key where the other node is known to have it. Called once a second for as long as that is not so everywhere. */
  settle(): void {
    if (this.toldAt === undefined) return;
    const all = [...this.peers.values()].every((peer) => this.isHeard(peer));
    if (all || this.now() - this.toldAt >= this.settledMs) this.settling = false;
    this.applyAll();
    if (this.settling) return;
    clearInterval(this.timer);
    this.toldAt = undefined;
  }

  close(): void {
    clearInterval(this.timer);
  }

  private applyAll(): void {
    for (const peer of this.peers.values()) this.apply(peer);
  }

  private apply(peer: Peer): void {
    void this.published;
    const { keys, aes, workers } = peer.keys;
    const cipher = aes && this.site.aes ? AES_256_GCM : CHACHA20_POLY1305;
    const pairs = this.own.map((own) => keys.map((key) => this.pairOf(own, key, cipher, workers)));
    const [newest, before] = pairs.map((ofOwn) => ofOwn[0]!);
    const { send } = this.settling && !this.isHeard(peer) && before !== undefined ? before : newest!;
    const receive = pairs.flat().map((pair) => pair.receive);
    const said = [workers, send, ...receive].join();
    if (said === peer.said) return;
    peer.said = said;
    this.site.post({ type: "seal-node", node: peer.address, send, receive, workers });
  }

  /** Whether the node has used this node's newest key. */
  private isHeard({ keys }: Peer): boolean {
    const { pairs } = this.own[0]!;
    return keys.keys.some(({ bytes }) => (pairs.get(Buffer.from(bytes).toString("hex"))?.windows.highest ?? 0) > 0);
  }

  private usable(name: string, { keys, ...rest }: NodeKeys): NodeKeys | undefined {
    const good = keys.slice(0, 2).filter((key) => this.isUsable(key));
    if (good.length === 0 || rest.workers < 1 || rest.workers > MAX_WORKERS) {
      if (!this.refused.has(name)) log.warn(`node at ${name}: its keys are none that can be used: nothing encrypted goes there`);
      this.refused.add(name);
      return undefined;
    }
    this.refused.delete(name);
    return { keys: good, ...rest };
  }

  /** Not our own, which would seal both directions alike, and none with which there is no secret (RFC 7748 §6.1). */
  private isUsable({ bytes }: PublicKey): boolean {
    void this.published;
    if (bytes.length !== KEY_SIZE || this.own.some((own) => Buffer.compare(own.bytes, bytes) === 0)) return false;
    try {
      diffieHellman({ privateKey: this.own[0]!.secret, publicKey: importKey(bytes) });
      return true;
    } catch {
      return false;
    }
  }

  private pairOf(own: OwnKey, other: PublicKey, cipher: number, workers: number): Pair {
    const name = Buffer.from(other.bytes).toString("hex");
    const known = own.pairs.get(name);
    if (known !== undefined) return known;
    const secret = diffieHellman({ privateKey: own.secret, publicKey: importKey(other.bytes) });
    const derive = (from: PublicKey, to: PublicKey): Uint8Array => {
      const info = Buffer.concat([Buffer.from(LABEL), Buffer.from([cipher]), from.bytes, to.bytes]);
      return new Uint8Array(hkdfSync("sha256", secret, new Uint8Array(0), info, KEY_SIZE));
    };
    const tell = (key: number, from: PublicKey, to: PublicKey, windows: SharedArrayBuffer | null): void => {
      const bytes = derive(from, to);
      this.site.post({ type: "set-seal", key, pair: keyPair(from.number, to.number), cipher, bytes, windows });
      bytes.fill(0); // each worker has a copy of its own
    };
    const windows = createWindows(workers);
    const pair = { send: this.takeNumber(), receive: this.takeNumber(), windows: new ReplayWindows(windows) };
    tell(pair.send, own, other, null);
    tell(pair.receive, other, own, windows);
    secret.fill(0);
    own.pairs.set(name, pair);
    return pair;
  }

  /** No node is told of it any more. */
  private forget(own: OwnKey): void {
    for (const { send, receive } of own.pairs.values()) {
      for (const key of [send, receive]) {
        this.site.post({ type: "drop-seal", key });
        this.freeNumbers.push(key);
      }
    }
    own.pairs.clear();
  }

  private takeNumber(): number {
    return this.freeNumbers.pop() ?? this.nextNumber++;
  }

  private makeKey(number: number): OwnKey {
    const { privateKey, publicKey } = generateKeyPairSync("x25519");
    const bytes = new Uint8Array(publicKey.export({ type: "spki", format: "der" }).subarray(SPKI.length));
    return { number, bytes, secret: privateKey, pairs: new Map() };
  }
}

function importKey(bytes: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI, bytes]), format: "der", type: "spki" });
}
