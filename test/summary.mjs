/**
 * The last words of `npm test`, from vitest's JSON reports.
 *
 * summary.mjs again REPORT: prints the files with failures, if they are few enough to be run once more.
 * summary.mjs sum REPORT LINT CODE [SECOND]: says what passed. LINT is the exit code of the lint, which counts as one more check; CODE that
 * of vitest. A file that could not be loaded, or whose hooks failed, counts as one failure, and so does an error outside of any test.
 * SECOND: of the files run once more. What passes then, in a file that passes, is named: the test or the product has a race, which is to be
 * looked for; but it is no reason to refuse the change at hand.
 */
import fs from "node:fs";

/** More at once is no coincidence. */
const FEW = 3;

const [command, file, lint, code, second] = process.argv.slice(2);

function read(name) {
  try {
    return JSON.parse(fs.readFileSync(name, "utf8"));
  } catch {
    return { success: false, testResults: [{ name: "vitest", status: "failed", message: "no report", assertionResults: [] }] };
  }
}

/** Not loaded, or a hook such as `beforeAll` or `afterAll` has failed: no test of the file says so. */
const isBroken = ({ status, assertionResults }) => status === "failed" && !assertionResults.some((test) => test.status === "failed");
const failuresOf = ({ assertionResults }) => assertionResults.filter(({ status }) => status === "failed");

const report = read(file);
if (command === "again") {
  const files = report.testResults.filter((result) => isBroken(result) || failuresOf(result).length > 0);
  const hasRun = report.testResults.some(({ assertionResults }) => assertionResults.length > 0);
  if (hasRun && files.length <= FEW && !files.some(isBroken)) console.log(files.map(({ name }) => name).join("\n"));
} else {
  const passedLater = new Set();
  if (second !== undefined && fs.existsSync(second) && fs.statSync(second).size > 0)
    for (const { name, status: whole, assertionResults } of read(second).testResults)
      for (const { fullName, status } of assertionResults)
        if (whole === "passed" && status === "passed") passedLater.add(`${name} > ${fullName}`);
  const broken = report.testResults.filter(isBroken);
  const failures = report.testResults.flatMap((result) => failuresOf(result).map(({ fullName }) => `${result.name} > ${fullName}`));
  const late = failures.filter((name) => passedLater.has(name));
  const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
  const count = (...states) => tests.filter(({ status }) => states.includes(status)).length;
  const passed = count("passed") + late.length + (lint === "0" ? 1 : 0);
  let failed = failures.length - late.length + broken.length + (lint === "0" ? 0 : 1);
  if ((code !== "0" || !report.success) && failures.length + broken.length === 0) failed++; // an error outside of any test, like a rejected promise
  for (const { name, message } of broken) console.log(`failed outside of its tests ${name}: ${message}`);
  for (const name of late) console.log(`passed only when run again: ${name}`);
  if (lint !== "0") console.log("lint failed");
  console.log(`${passed} passed, ${failed} failed, ${count("skipped", "pending", "todo", "disabled")} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
