/**
 * Numbers by which an endpoint is known again after a restart, and told from another one that has its address by then (`table/ports.ts`): a network namespace that
 * we set up by the number that the kernel has given it, a device that was handed out by the name that it is kept under, which no other one has.
 */
import { native } from "../../sys/native.js";
import { textHash } from "../../sys/text-hash.js";

/** Before Linux 5.14 a namespace has no number, so it is not known. */
export function ownerOfNetns(nsFd: number): number {
  const cookie = native.netnsCookie(nsFd);
  return cookie === 0 ? 0 : hash(String(cookie));
}

/** Undefined: it is not kept, so nobody takes it up again. */
export function ownerOfDevice(keepAs: string | undefined): number {
  return keepAs === undefined ? 0 : hash(keepAs);
}

/** Not 0. */
function hash(text: string): number {
  return textHash(text) || 1;
}
