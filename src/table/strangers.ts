/**
 * Addresses in the underlay that are no node's, and have sent datagrams for the tunnels all the same: up to STRANGERS of them at a time, with how many, so that
 * people can be told whose they are. Who finds no place is counted without a name. Who has sent nothing for FORGET_SEC is forgotten, and counts anew
 * when he comes again.
 */
import { type IpAddress, ofBytes, ofIpv4 } from "../wire/ip-address.js";
import { rawWord } from "../wire/raw.js";

export const STRANGERS = 16,
  FORGET_SEC = 3600;

export class Strangers {
  /** Datagrams of those without a place, and when the last one came. */
  private others = 0;
  private othersSeen = 0;
  /** Four raw words each; of an IPv4 address the first. */
  private readonly words = new Int32Array(4 * STRANGERS);
  /** 0: the place is free. */
  private readonly counts = new Float64Array(STRANGERS);
  /** When the last datagram came. */
  private readonly seen = new Float64Array(STRANGERS);

  /** `source`: four raw words; of an IPv4 address the first, then zeros. `now`: in seconds. */
  note(source: Int32Array, now: number): void {
    const { words, counts, seen } = this;
    let free = -1;
    let at = 0;
    for (; at < STRANGERS; at++) {
      if (counts[at] !== 0 && now - seen[at]! >= FORGET_SEC) counts[at] = 0;
      if (counts[at] === 0) free = free === -1 ? at : free;
      else if (isAt(words, at, source)) break;
    }
    if (at === STRANGERS) at = free;
    if (at === -1) {
      this.others = this.othersNow(now) + 1;
      this.othersSeen = now;
      return;
    }
    if (at === free) for (let k = 0; k < 4; k++) words[at * 4 + k] = source[k]!;
    counts[at] = counts[at]! + 1;
    seen[at] = now;
  }

  /** Datagrams of those without a place. */
  othersNow(now: number): number {
    return now - this.othersSeen >= FORGET_SEC ? 0 : this.others;
  }

  /** For people. `isIpv6`: the underlay is. */
  rows(isIpv6: boolean, now: number): { address: IpAddress; datagrams: number }[] {
    return [...this.counts].flatMap((datagrams, at) => {
      if (datagrams === 0 || now - this.seen[at]! >= FORGET_SEC) return [];
      const words = this.words.slice(at * 4, at * 4 + 4);
      return [{ address: isIpv6 ? ofBytes(new Uint8Array(words.buffer)) : ofIpv4(rawWord(words[0]!)), datagrams }];
    });
  }
}

function isAt(words: Int32Array, at: number, source: Int32Array): boolean {
  for (let k = 0; k < 4; k++) if (words[at * 4 + k] !== source[k]) return false;
  return true;
}
