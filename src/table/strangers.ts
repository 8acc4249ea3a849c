/**
 * Addresses in the underlay that are no node's, and have sent datagrams for the tunnels all the same: the first STRANGERS of them, with how many, so that
 * people can be told whose they are. Who finds no place is counted without a name. Nothing ages.
 */
import { type IpAddress, ofBytes, ofIpv4 } from "../wire/ip-address.js";
import { rawWord } from "../wire/raw.js";

export const STRANGERS = 16;

export class Strangers {
  /** Datagrams of those without a place. */
  others = 0;
  /** Four raw words each; of an IPv4 address the first. */
  private readonly words = new Int32Array(4 * STRANGERS);
  private readonly counts = new Float64Array(STRANGERS);
  private used = 0;

  /** `source`: four raw words; of an IPv4 address the first, then zeros. */
  note(source: Int32Array): void {
    const { words } = this;
    let at = 0;
    while (at < this.used && !isAt(words, at, source)) at++;
    if (at === STRANGERS) {
      this.others++;
      return;
    }
    if (at === this.used) {
      for (let k = 0; k < 4; k++) words[at * 4 + k] = source[k]!;
      this.used++;
    }
    this.counts[at] = this.counts[at]! + 1;
  }

  /** For people. `isIpv6`: the underlay is. */
  rows(isIpv6: boolean): { address: IpAddress; datagrams: number }[] {
    return Array.from({ length: this.used }, (_, at) => {
      const words = this.words.slice(at * 4, at * 4 + 4);
      return { address: isIpv6 ? ofBytes(new Uint8Array(words.buffer)) : ofIpv4(rawWord(words[0]!)), datagrams: this.counts[at]! };
    });
  }
}

function isAt(words: Int32Array, at: number, source: Int32Array): boolean {
  for (let k = 0; k < 4; k++) if (words[at * 4 + k] !== source[k]) return false;
  return true;
}
