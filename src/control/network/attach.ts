/** How an endpoint's device hangs on its network, as people say it. */
/** `tap`: a TAP, by which the engine has all frames. `veth`: one end of a veth pair, by which the kernel carries what the engine has decided. */
export type AttachKind = "tap" | "veth";
/** `auto`: a veth pair where the kernel carries, else a TAP. */
export type AttachWord = AttachKind | "auto";
export const ATTACH_WORDS = ["auto", "veth", "tap"] as const satisfies readonly AttachWord[];
export const DEFAULT_ATTACH: AttachWord = "auto";

export function isAttachWord(text: string): text is AttachWord {
  return (ATTACH_WORDS as readonly string[]).includes(text);
}

/** What a new endpoint gets. `pays`: there are veth pairs, and the kernel can carry what goes by one; else it is but a longer way. Asked for `auto` alone. */
export function attachKind(word: AttachWord = DEFAULT_ATTACH, pays: () => boolean): AttachKind {
  if (word !== "auto") return word;
  return pays() ? "veth" : "tap";
}
