/** A vitest reporter: the scorecard as a table, "FAILED" where a test did not show what the verdict says. */
const WIDTH = 100;

export default class ScorecardReporter {
  rows = [];
  errors = [];

  onTestCaseResult(test) {
    const { row } = test.meta();
    const { state, errors } = test.result();
    if (row !== undefined) this.rows.push({ ...row, verdict: state === "passed" ? row.verdict : "FAILED" });
    if (state === "failed") this.errors.push(`${test.fullName}\n  ${errors?.[0]?.message ?? ""}`);
  }

  onTestRunEnd() {
    for (const rfc of new Set(this.rows.map((row) => row.rfc))) {
      const rows = this.rows.filter((row) => row.rfc === rfc);
      const met = rows.filter(({ verdict }) => verdict === "yes").length;
      const apply = rows.filter(({ verdict }) => verdict !== "n/a").length;
      console.log(`\n${rfc}: ${met} of ${apply}`);
      for (const { number, says, verdict, shows, because } of rows) {
        console.log(`  ${verdict.padEnd(6)} ${number.padEnd(8)} ${says}`);
        for (const line of wrap(shows)) console.log(`${" ".repeat(18)}${line}`);
        if (because !== "") for (const line of wrap(`(${because})`)) console.log(`${" ".repeat(18)}${line}`);
      }
    }
    for (const error of this.errors) console.log(`\nFAILED ${error}`);
  }
}

function wrap(text) {
  const lines = [];
  for (const word of text.split(" ").filter((part) => part !== "")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + word.length + 1 <= WIDTH - 18) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
