/** What the dataplane has when nothing is said of it, of what its maps' sizes depend on. */
export const DEFAULT_SIZES = {
  workers: 1,
  /** With two entries of a flow in the map `flows`, and some to spare, just below 2^19: there the kernel doubles the map's hash table. */
  conntrackMax: 250_000,
  offload: "auto",
} as const;
