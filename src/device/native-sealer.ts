/** Seals and opens by the addon (`native/seal.c`), with the OpenSSL that Node.js brings. */
import type { PacketMemory } from "../mem/packet-memory.js";
import { SEAL_DESCRIPTOR, SEAL_MAX, type Sealer } from "../mem/sealer.js";
import { native, type SealHandle } from "../sys/native.js";

export class NativeSealer implements Sealer {
  readonly work = new Int32Array(SEAL_MAX * SEAL_DESCRIPTOR);
  /** Made with the first key: most have no encrypted network, and some no library. */
  private handle: SealHandle | undefined;

  constructor(private readonly memory: PacketMemory) {}

  run(count: number): number {
    return this.handle === undefined ? count : native.sealRun(this.handle, count);
  }

  setKey(key: number, cipher: number, bytes: Uint8Array, encrypts: boolean): void {
    this.handle ??= native.sealCreate(this.memory.bytes, this.work);
    native.sealSetKey(this.handle, key, cipher, bytes, encrypts ? 1 : 0);
  }

  dropKey(key: number): void {
    if (this.handle !== undefined) native.sealDropKey(this.handle, key);
  }
}
