/** Stages of the packet path, for a frame from the uplink, by the names of their files in src/dataplane. */
export const STAGES = {
  fast: ["established"],
  single: ["parse", "flow-lookup", "icmp-error", "admit", "ttl", "track", "rewrite", "l2-out"],
} as const;
export type StagePath = keyof typeof STAGES;
export type Stage = (typeof STAGES)[StagePath][number];
