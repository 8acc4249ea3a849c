/** What nobody can guess. Not by `node:crypto`, which takes 2 ms to load. */
import { native } from "./native.js";

/** Of at most 65,536 bytes. Where getrandom(2) is forbidden, by seccomp, say, OpenSSL has other sources. */
export function fillRandom<Block extends Int32Array | Uint8Array>(block: Block): Block {
  return native.random(block) === 0 ? block : crypto.getRandomValues(block);
}

/** `bytes` of them, in hexadecimal. */
export function randomHex(bytes: number): string {
  return Buffer.from(fillRandom(new Uint8Array(bytes))).toString("hex");
}

/** An int32. */
export function randomWord(): number {
  return fillRandom(new Int32Array(1))[0]!;
}
