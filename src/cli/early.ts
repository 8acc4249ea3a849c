/** What the main job begins before its options are read, for which Node.js needs as long as for its own start. */

/** Of what is begun, this says that it is another size, or not needed. */
const OTHERWISE = /^(--(conntrack-max|offload|workers|relay|help|version)(=|$)|-[hv])/;

/** Whether these arguments are those of a main job, in the sizes that it has unless something is said of them. */
export function isPlainMainJob(words: readonly string[]): boolean {
  return words[0]?.startsWith("-") === true && !words.some((word) => OTHERWISE.test(word));
}

/** Never rejects: the start itself says what is wrong. */
export async function beginEarly(words: readonly string[]): Promise<void> {
  if (!isPlainMainJob(words)) return;
  try {
    (await import("../control/begin.js")).guessMaps();
  } catch {
    // no addon, or no permission
  }
}
