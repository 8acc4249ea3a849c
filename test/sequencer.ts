/**
 * The order of test files: long ones first, so that at the end no worker is left alone with one. vitest knows how long they take only after a run; in
 * a fresh clone it goes by their size, which says little.
 */
import path from "node:path";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Those that take longest, in this order. */
export const LONGEST = ["docker-network", "package", "docker-lifecycle", "lifecycle-points", "offload", "steering", "lifecycle"].map(
  (name) => `test/integration/${name}.test.ts`,
);

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return longestFirst(await super.sort(files), ({ moduleId }) => path.relative(this.ctx.config.root, moduleId));
  }
}

/** The others as they come. `nameOf`: path of a file from the root on. */
export function longestFirst<T>(files: readonly T[], nameOf: (file: T) => string): T[] {
  const rank = (file: T): number => {
    const at = LONGEST.indexOf(nameOf(file));
    return at === -1 ? LONGEST.length : at;
  };
  return [...files].sort((a, b) => rank(a) - rank(b));
}
