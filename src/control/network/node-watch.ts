/** Says in the log who sends into the tunnels what is dropped: nodes, and who is none. */
import { log } from "../../log.js";
import type { Workers } from "../workers.js";

/** How often is looked. */
const WATCH_MS = 60_000;
/** Who sends on and on fills no log: he is named again after a day. Who was silent for long enough to be forgotten (`table/strangers.ts`) is named when he comes again. */
const AGAIN_MS = 24 * 3600 * 1000;

/** `names`: of nodes, by address. Answers how to end that. */
export function watchNodes(workers: Pick<Workers, "nodes" | "strangers">, names: ReadonlyMap<string, string>): () => void {
  const before = new Map<string, number>();
  /** Strangers by address: when, and with how many datagrams, they were named. */
  const said = new Map<string, { at: number; datagrams: number }>();

  const say = (what: string, address: string, count: number, words: (more: number, node: string) => string): void => {
    const more = count - (before.get(`${what} ${address}`) ?? 0);
    before.set(`${what} ${address}`, count);
    const name = names.get(address);
    if (more > 0) log.warn(words(more, name === undefined ? address : `${name} (${address})`));
  };

  async function look(): Promise<void> {
    const nodes = await workers.nodes();
    for (const { address, refused, unopened, noKey } of nodes) {
      say(
        "refused",
        address,
        refused,
        (n, node) => `node ${node} has sent ${n} frames for stations or addresses that are not its own; they were dropped`,
      );
      say(
        "unopened",
        address,
        unopened,
        (n, node) => `from node ${node} have come ${n} datagrams that were not sealed, or not by it; they were dropped`,
      );
      say("no-key", address, noKey, (n, node) => `node ${node} has told no key: ${n} frames for it in encrypted networks were dropped`);
    }
    const known = new Set(nodes.map(({ address }) => address));
    const strangers = await workers.strangers();
    const here = new Set(strangers.map(({ address }) => address));
    for (const address of [...said.keys()]) if (!here.has(address)) said.delete(address);
    for (const { address, datagrams } of strangers) {
      if (known.has(address)) continue; // it was merely early
      const last = said.get(address);
      const before = last !== undefined && datagrams >= last.datagrams ? last.datagrams : 0;
      if (last !== undefined && (datagrams === before || performance.now() - last.at < AGAIN_MS)) continue;
      said.set(address, { at: performance.now(), datagrams });
      const who = address === "" ? "further addresses that are" : `${names.get(address) ?? address}, which is`;
      log.warn(
        `from ${who} no node with endpoints in overlay networks of this one, have come ${datagrams - before} VXLAN datagrams, which were dropped ` +
          "(vxlan-node): another cluster may use the same identifier and port, or the store may not know the node's address",
      );
    }
  }

  const timer = setInterval(() => void look().catch(() => {}), WATCH_MS);
  timer.unref();
  return () => clearInterval(timer);
}
