import type { Lab } from "./lab.js";

let probes = 0;

/** Counts the packets that pass a hook of a namespace and match; asks nothing of the program under test. Returns the reader. */
export function probe(lab: Lab, ns: string, hook: "prerouting" | "input" | "output", match: string): () => number {
  const table = `probe${probes++}`;
  const chain = `type filter hook ${hook} priority -500;`;
  lab.runSync(ns, ["nft", "-f", "-"], `table ip ${table} { counter seen {}; chain probe { ${chain} ${match} counter name seen; }; }`);
  return () => Number(/packets (\d+)/.exec(lab.runSync(ns, ["nft", "list", "counter", "ip", table, "seen"]))?.[1]);
}
