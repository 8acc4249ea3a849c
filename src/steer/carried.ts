/**
 * What the steering programs have carried, by published port: packets and bytes, the latter as frames are long, as the engine counts. Each rule has a
 * place in the map `carried`, which the entries of its flows name (`wire/flow-entry.ts`). Place 0 is for what has none.
 */
import * as bpf from "../sys/bpf.js";

/** Places at most, where it is known which ports there will be; each takes 16 bytes for each CPU, used or not. A range takes one for each of its addresses. */
export const CARRIED_PLACES = 4096,
  /** Where others publish ports, each by itself: 10,000 of both families and some more. */
  MANY_CARRIED_PLACES = 32_768;
/** u64 packets, u64 bytes. */
export const CARRIED_SIZE = 16,
  CARRIED_BYTES_AT = 8;

/** Places that rest after they were given back, while there are others. */
const REST = 64;

export interface Carried {
  packets: number;
  bytes: number;
}

export class CarriedCounts {
  /** The one that was given back longest ago is first: flows of its last rule have had time to end. */
  private readonly free: number[] = [];
  private used = 1;
  /** Of rules that are gone. */
  private readonly past: Carried = { packets: 0, bytes: 0 };
  private readonly values = new BigUint64Array((bpf.possibleCpus() * CARRIED_SIZE) / 8);

  /** `fd`: of the map, with that many places. */
  constructor(
    private readonly fd: number,
    private readonly places: number,
  ) {}

  /** A place with nothing in it yet; 0 when there is none left. */
  take(): number {
    if (this.free.length > REST || (this.used === this.places && this.free.length > 0)) return this.free.shift()!;
    return this.used < this.places ? this.used++ : 0;
  }

  /** What was counted there stays in the sum. */
  giveBack(place: number): void {
    if (place === 0) return;
    const { packets, bytes } = this.at(place);
    this.past.packets += packets;
    this.past.bytes += bytes;
    bpf.updateElement(this.fd, key(place), new Uint8Array(this.values.length * 8));
    this.free.push(place);
  }

  at(place: number): Carried {
    const { values } = this;
    if (!bpf.lookupElement(this.fd, key(place), new Uint8Array(values.buffer))) return { packets: 0, bytes: 0 };
    const sum = { packets: 0, bytes: 0 };
    for (let i = 0; i < values.length; i += 2) {
      sum.packets += Number(values[i]);
      sum.bytes += Number(values[i + 1]);
    }
    return sum;
  }

  /** Since the start. */
  total(): Carried {
    const sum = { ...this.past };
    for (let place = 0; place < this.used; place++) {
      const { packets, bytes } = this.at(place);
      sum.packets += packets;
      sum.bytes += bytes;
    }
    return sum;
  }
}

function key(place: number): Uint8Array {
  return new Uint8Array(Int32Array.of(place).buffer);
}
