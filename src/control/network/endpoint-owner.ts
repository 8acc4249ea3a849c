/**
 * Numbers by which an endpoint is known again after a restart, and told from another one that has its address by then (`table/ports.ts`): a network namespace that
 * we set up by the number that the kernel has given it, a device that was handed out by the name that it is kept under, which no other one has.
 */
import { native } from "../../sys/native.js";

/** Before Linux 5.14 a namespace has no number, so it is not known. */
export function ownerOfNetns(nsFd: number): number {
  const cookie = native.netnsCookie(nsFd);
  return cookie === 0 ? 0 : hash(String(cookie));
}

/** Undefined: it is not kept, so nobody takes it up again. */
export function ownerOfDevice(keepAs: string | undefined): number {
  return keepAs === undefined ? 0 : hash(keepAs);
}

/** FNV-1a; not 0. */
function hash(text: string): number {
  let sum = 0x811c9dc5 | 0;
  for (let i = 0; i < text.length; i++) sum = Math.imul(sum ^ text.charCodeAt(i), 0x01000193);
  return sum || 1;
}
