/**
 * Partial checksums. Who sends frames by a packet socket says himself where the kernel is to put the checksum that it completes later: it may be over an address
 * that was looked at before. The engine drops such frames (`csum-place`, `dataplane/parse.ts`); what is carried past it must be looked at here.
 *
 * No program can read where the place is. Two helpers tell (net/core/filter.c, net/core/utils.c):
 * - l4_csum_replace without the flag for pseudo headers leaves a partial checksum as it is, and changes any other one;
 * - skb_change_tail refuses lengths that would cut the place of a partial checksum off.
 */
import { L4_CSUM_REPLACE, type Program, SKB_CHANGE_TAIL, SKB_STORE_BYTES, TCP, TCP_CHECKSUM, UDP_CHECKSUM } from "./program.js";

/**
 * Goes on, with the packet as it was, unless a partial checksum is to be put before the place of the one of layer 4, which is at offset r7 and of protocol r8, TCP or
 * UDP. Jumps to `aimed` with a packet that is cut off, to be dropped; to `otherwise` with one that is too short. `slot`: 4 bytes of the stack. `l4`: where on the stack
 * the first 8 bytes of layer 4 are, if they are. `what`: in names of labels. r0 to r5 are lost.
 */
export function unlessAimed(
  p: Program,
  slot: number,
  aimed: string,
  otherwise: string,
  { l4, what = "a checksum" }: { l4?: number; what?: string } = {},
): void {
  const name = (word: string): string => `${word} of ${what}`;
  /** r2 = offset of the checksum of layer 4, and `more`. */
  const place = (step: string, more = 0): Program => {
    const [isTcp, known] = [name(`${step}: TCP`), name(`${step}: place`)];
    p.mov("r2", "r7")
      .jumpIf("r8", "==", TCP, isTcp)
      .alu("add", "r2", UDP_CHECKSUM + more);
    return p
      .jump(known)
      .label(isTcp)
      .alu("add", "r2", TCP_CHECKSUM + more)
      .label(known);
  };
  const loaded = name("loaded");
  if (l4 !== undefined) p.copy("u16", slot, l4 + UDP_CHECKSUM).jumpIf("r8", "!=", TCP, loaded);
  place("before").loadBytes("r2", slot, 2, otherwise).label(loaded);
  place("change").mov("r1", "r6").mov("r3", 0).mov("r4", 1).mov("r5", 2).call(L4_CSUM_REPLACE).jumpIf("r0", "!=", 0, otherwise);
  place("after").loadBytes("r2", slot + 2, 2, otherwise);
  p.load("u16", "r0", "r10", slot)
    .load("u16", "r1", "r10", slot + 2)
    .jumpIf("r0", "==", "r1", name("partial"));
  place("back").mov("r1", "r6").stackPointer("r3", slot).mov("r4", 2).mov("r5", 0).call(SKB_STORE_BYTES).jumpIf("r0", "!=", 0, aimed);
  p.jump(name("end")).label(name("partial"));
  place("cut", 1).mov("r1", "r6").mov("r3", 0).call(SKB_CHANGE_TAIL).jumpIf("r0", "==", 0, aimed);
  p.label(name("end"));
}
