/** The scorecard: every requirement of the RFCs for a NAT, whether it is met, and the test that shows it. `npm run docs` writes docs/scorecard.md from it. */
import type { Requirement, Rfc, Verdict } from "./requirement.js";
import { RFC1812 } from "./rfc1812.js";
import { RFC4443 } from "./rfc4443.js";
import { RFC4787 } from "./rfc4787.js";
import { RFC5382 } from "./rfc5382.js";
import { RFC5508 } from "./rfc5508.js";
import { RFC6888 } from "./rfc6888.js";
import { RFC7857 } from "./rfc7857.js";
import { RFC7915 } from "./rfc7915.js";

export const RFCS: readonly Rfc[] = [RFC4787, RFC5382, RFC5508, RFC7857, RFC6888, RFC1812, RFC4443, RFC7915];

/** Name of the requirement's test. */
export function testName({ number, says, verdict, shows }: Requirement): string {
  return `${number}, ${says}: ${verdict}${shows === "" ? "" : ` (${shows})`}`;
}

/** "RFC 4787 9 of 14, …": met of those that apply. */
export function summary(): string {
  return RFCS.map(
    ({ rfc, requirements }) => `${rfc} ${count(requirements, "yes")} of ${requirements.length - count(requirements, "n/a")}`,
  ).join(", ");
}

function count(requirements: readonly Requirement[], verdict: Verdict): number {
  return requirements.filter((requirement) => requirement.verdict === verdict).length;
}
