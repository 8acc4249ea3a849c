/** Seals and opens by `node:crypto`, a message at a time: what `native/seal.c` is to do, said otherwise. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import type { PacketMemory } from "../../src/mem/packet-memory.js";
import { SEAL_DESCRIPTOR, SEAL_MAX, SEAL_RESULT, type Sealer } from "../../src/mem/sealer.js";

const HEADER = 16,
  NONCE_AT = 4,
  TAG = 16;
export const CIPHERS = ["aes-256-gcm", "chacha20-poly1305"] as const;

/** Header and plain text to header, cipher text and tag. */
export function seal(cipher: number, key: Uint8Array, message: Uint8Array): Uint8Array {
  const header = message.subarray(0, HEADER);
  const plain = message.subarray(HEADER);
  const c = createCipheriv(CIPHERS[cipher]! as "aes-256-gcm", key, header.subarray(NONCE_AT), { authTagLength: TAG });
  c.setAAD(header, { plaintextLength: plain.length } as never);
  const body = Buffer.concat([c.update(plain), c.final()]);
  return new Uint8Array(Buffer.concat([header, body, c.getAuthTag()]));
}

/** The opposite; null where it is not authentic. */
export function open(cipher: number, key: Uint8Array, sealed: Uint8Array): Uint8Array | null {
  const header = sealed.subarray(0, HEADER);
  const body = sealed.subarray(HEADER, sealed.length - TAG);
  const c = createDecipheriv(CIPHERS[cipher]! as "aes-256-gcm", key, header.subarray(NONCE_AT), { authTagLength: TAG });
  c.setAAD(header, { plaintextLength: body.length } as never);
  c.setAuthTag(sealed.subarray(sealed.length - TAG));
  try {
    return new Uint8Array(Buffer.concat([header, c.update(body), c.final()]));
  } catch {
    return null;
  }
}

export class CryptoSealer implements Sealer {
  readonly work = new Int32Array(SEAL_MAX * SEAL_DESCRIPTOR);
  /** Calls of `run`. */
  calls = 0;
  private readonly keys = new Map<number, { cipher: number; bytes: Uint8Array; encrypts: boolean }>();

  constructor(private readonly memory: PacketMemory) {}

  run(count: number): number {
    this.calls++;
    let failed = 0;
    for (let n = 0; n < count; n++) {
      const d = n * SEAL_DESCRIPTOR;
      const key = this.keys.get(this.work[d]!);
      const [off, length] = [this.work[d + 1]!, this.work[d + 2]!];
      const whole = this.memory.bytes.subarray(off, off + length + TAG);
      const result =
        key === undefined
          ? null
          : key.encrypts
            ? seal(key.cipher, key.bytes, whole.subarray(0, length))
            : open(key.cipher, key.bytes, whole);
      if (result !== null) whole.set(result);
      this.work[d + SEAL_RESULT] = result === null ? -1 : 0;
      if (result === null) failed++;
    }
    return failed;
  }

  setKey(key: number, cipher: number, bytes: Uint8Array, encrypts: boolean): void {
    this.keys.set(key, { cipher, bytes: bytes.slice(), encrypts });
  }

  dropKey(key: number): void {
    this.keys.delete(key);
  }
}
