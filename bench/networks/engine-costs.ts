/** What a program in a network costs: the time of one, and of many, and the memory of who serves them. */
import { memoryOf } from "../cpu.js";
import { awaitQuiet } from "../machine.js";
import { format } from "../stats.js";
import type { EngineKind } from "./engines.js";

const PATIENCE_MS = 5_000;
/** Each measurement of `once` is of so many in a row. */
const IN_A_ROW = 5;

export interface EngineCosts {
  version: string;
  commands: readonly string[];
  /** Milliseconds of one program, one a round. */
  onceMs: number[];
  /** Seconds for all, one a round. */
  manySec: number[];
  removeSec: number[];
  /** MiB (PSS) of the serving processes with all of them, one a round. */
  serversMiB: number[];
}

export interface EngineOptions {
  rounds: number;
  /** Programs at once. */
  many: number;
}

/** Every round has every engine, and begins with another. */
export async function measureEngines(kinds: readonly EngineKind[], { rounds, many }: EngineOptions): Promise<Record<string, EngineCosts>> {
  const costs: Record<string, EngineCosts> = {};
  for (let round = 0; round < rounds; round++)
    for (let k = 0; k < kinds.length; k++) {
      const kind = kinds[(k + round) % kinds.length]!;
      await awaitQuiet(PATIENCE_MS);
      const engine = await kind.open();
      try {
        costs[kind.name] ??= {
          version: engine.version,
          commands: engine.commands,
          onceMs: [],
          manySec: [],
          removeSec: [],
          serversMiB: [],
        };
        const of = costs[kind.name]!;
        await engine.once(); // what is made when first used is made
        of.onceMs.push((await timed(() => repeat(IN_A_ROW, () => engine.once()))) / IN_A_ROW);
        if (engine.servers().length > 0 || kind.name.startsWith("podman")) {
          const names = Array.from({ length: many }, (_, i) => `many${i}`);
          of.manySec.push((await timed(() => repeat(many, (i) => engine.background(names[i]!)))) / 1000);
          if (engine.servers().length > 0) of.serversMiB.push(memoryOf(engine.servers()).pss);
          of.removeSec.push((await timed(() => engine.removeAll(names))) / 1000);
        }
        console.log(
          `round ${round + 1}/${rounds} ${kind.name}: ${format(of.onceMs.at(-1)!)} ms, ${many} in ${format(of.manySec.at(-1) ?? Number.NaN)} s`,
        );
      } finally {
        await engine.close();
      }
    }
  return costs;
}

export async function timed(action: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await action();
  return performance.now() - start;
}

async function repeat(times: number, action: (i: number) => Promise<void>): Promise<void> {
  for (let i = 0; i < times; i++) await action(i);
}
