/** What an endpoint's device is: one end of a veth pair, from which the kernel can carry what was decided; or a TAP, whose frames all come to the engine. */
export const ATTACH_KINDS = ["veth", "tap"] as const;
export type AttachKind = (typeof ATTACH_KINDS)[number];
