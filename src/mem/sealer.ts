/**
 * What seals and opens messages in packet memory, all of a batch with one call. Two implementations: `device/native-sealer.ts`, and one of `node:crypto`
 * for tests. Messages are as `wire/sealed.ts` has them, whole in one piece.
 */

/** Integers of `work` a message: key, byte offset, length without the tag; result: 0, or less where it could not be sealed, or is not authentic. */
export const SEAL_DESCRIPTOR = 4;
/** Messages of one call. */
export const SEAL_MAX = 2048;
export const SEAL_RESULT = 3;

export interface Sealer {
  readonly work: Int32Array;
  /** Seals or opens, by the kind of its key, each of the first `count` messages; answers how many could not be. */
  run(count: number): number;
  /** `cipher` as in `native.sealSetKey`. */
  setKey(key: number, cipher: number, bytes: Uint8Array, encrypts: boolean): void;
  dropKey(key: number): void;
}

/** What was sealed and came, or in frames of several datagrams, until its frames go on in batches of their own (`dataplane/datagrams-in.ts`). */
export interface TakenDatagrams {
  readonly hasReady: boolean;
  /** Some was taken out of this batch: what came behind it must not overtake it. */
  readonly isTaking: boolean;
  /** Copies datagrams out of frame `i`: `length` bytes of UDP payload from `at` on, `size` bytes each (0: there is one). `tos`: of the outer header. */
  take(i: number, node: number, tos: number, at: number, length: number, size: number): void;
  /** Opens all that was taken since the last time. */
  open(): void;
}
