/**
 * What the steering programs have carried from and to endpoints on veth pairs, by the number of the endpoint's port in the engine (`table/ports.ts`). Bytes as
 * frames are long, as the engine counts: its own counters of a port and these together are all that the endpoint has sent and was sent.
 */
import * as bpf from "../sys/bpf.js";

/** u64 packets and bytes that came from the endpoint, u64 packets and bytes that went to it. */
export const MOVED_SIZE = 32,
  MOVED_FROM_AT = 0,
  MOVED_TO_AT = 16;
/** As many as the engine has ports. */
export const MOVED_PLACES = 1 << 11;
/** A port number that none has: nothing is counted. */
export const NO_PORT = 0xffff_ffff;

export interface Moved {
  rxPackets: number;
  rxBytes: number;
  txPackets: number;
  txBytes: number;
}

export class MovedCounts {
  private readonly values = new BigUint64Array((bpf.possibleCpus() * MOVED_SIZE) / 8);

  /** `fd`: of the map. */
  constructor(private readonly fd: number) {}

  /** The port is another endpoint's. */
  clear(port: number): void {
    bpf.updateElement(this.fd, key(port), new Uint8Array(this.values.length * 8));
  }

  at(port: number): Moved {
    const { values } = this;
    const sum = { rxPackets: 0, rxBytes: 0, txPackets: 0, txBytes: 0 };
    if (!bpf.lookupElement(this.fd, key(port), new Uint8Array(values.buffer))) return sum;
    for (let i = 0; i < values.length; i += 4) {
      sum.rxPackets += Number(values[i]);
      sum.rxBytes += Number(values[i + 1]);
      sum.txPackets += Number(values[i + 2]);
      sum.txBytes += Number(values[i + 3]);
    }
    return sum;
  }
}

function key(port: number): Uint8Array {
  return new Uint8Array(Int32Array.of(port).buffer);
}
