/** A captured packet as a value: what a record of the ring says (`wire/capture-record.ts`). */
import type { CaptureRing } from "../../table/capture-ring.js";
import * as record from "../../wire/capture-record.js";
import { DROP_NONE, type DropReason, dropName } from "../../wire/drop.js";

/** A packet on one side of the dataplane. */
export interface CapturedFrame {
  /** Port of the dataplane. */
  port: number;
  /** Interface index of the host's device; 0: it is not known. */
  device: number;
  /** Bytes that it has. */
  length: number;
  /** As many of them as were wanted, from the Ethernet header on. */
  bytes: Uint8Array;
}

export interface CapturedPacket {
  verdict: record.Verdict;
  /** Why it is dropped, or answered in its receiver's place. */
  reason: DropReason | undefined;
  /** Packets that found no room before this one. */
  lost: number;
  /** Since 1970. */
  seconds: number;
  nanoseconds: number;
  in: CapturedFrame;
  /** Undefined: it does not go out, or to several ports, or in pieces. */
  out: CapturedFrame | undefined;
}

/** The oldest packet of the ring, which it then has no more; undefined: it has none. */
export function takePacket(ring: CaptureRing): CapturedPacket | undefined {
  const place = ring.peek();
  if (place === -1) return undefined;
  const word = (k: number): number => ring.words[place + k]!;
  let at = (place + record.HEADER_WORDS) * 4;
  const part = (before: number, length: number): Uint8Array => {
    const bytes = ring.bytes.slice(at + before, at + before + length);
    at += (before + length + 3) & ~3;
    return bytes;
  };
  const inHead = part(record.HEAD_AT, word(record.IN_HEAD));
  const outHead = part(record.HEAD_AT, word(record.OUT_HEAD));
  const rest = part(0, word(record.REST));
  const verdict = record.VERDICTS[word(record.VERDICT) & 0xff]!;
  const reason = word(record.VERDICT) >>> record.REASON_SHIFT;
  const packet: CapturedPacket = {
    verdict,
    reason: reason === DROP_NONE ? undefined : dropName(reason),
    lost: word(record.LOST),
    seconds: word(record.SECONDS) >>> 0,
    nanoseconds: word(record.NANOSECONDS),
    in: { port: word(record.IN_PORT), device: word(record.IN_DEVICE), length: word(record.IN_LENGTH), bytes: join(inHead, rest) },
    out:
      word(record.OUT_PORT) === -1 || verdict === "dropped"
        ? undefined
        : {
            port: word(record.OUT_PORT),
            device: word(record.OUT_DEVICE),
            length: word(record.OUT_LENGTH),
            bytes: join(outHead, rest.subarray(0, word(record.OUT_REST))),
          },
  };
  ring.free(place);
  return packet;
}

function join(head: Uint8Array, rest: Uint8Array): Uint8Array {
  if (rest.length === 0) return head;
  const whole = new Uint8Array(head.length + rest.length);
  whole.set(head);
  whole.set(rest, head.length);
  return whole;
}
