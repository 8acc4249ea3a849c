/**
 * summary.mjs REPORT LINT: the last words of `npm test`. REPORT is vitest's JSON report, LINT the exit code of the lint, which
 * counts as one more check. A file that could not even be loaded counts as one failure.
 */
import fs from "node:fs";

const [file, lint] = process.argv.slice(2);
let report;
try {
  report = JSON.parse(fs.readFileSync(file, "utf8"));
} catch {
  report = { success: false, testResults: [{ name: "vitest", status: "failed", message: "no report", assertionResults: [] }] };
}

const broken = report.testResults.filter(({ status, assertionResults }) => status === "failed" && assertionResults.length === 0);
const tests = report.testResults.flatMap(({ assertionResults }) => assertionResults);
const count = (...states) => tests.filter(({ status }) => states.includes(status)).length;
const passed = count("passed") + (lint === "0" ? 1 : 0);
let failed = count("failed") + broken.length + (lint === "0" ? 0 : 1);
if (!report.success && failed === 0) failed = 1; // an error outside of any test, like a rejected promise
for (const { name, message } of broken) console.log(`failed to load ${name}: ${message}`);
if (lint !== "0") console.log("lint failed");
console.log(`${passed} passed, ${failed} failed, ${count("skipped", "pending", "todo", "disabled")} skipped`);
process.exitCode = failed === 0 ? 0 : 1;
