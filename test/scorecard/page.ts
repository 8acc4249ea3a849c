import { wrap } from "../support/pages.js";
import { RFCS, summary } from "./all.js";
import type { Requirement } from "./requirement.js";

/** docs/scorecard.md */
export function scorecardPage(): string {
  const sections = RFCS.map(({ rfc, title, requirements }) => `## ${rfc}: ${title}\n\n${requirements.map(item).join("\n")}\n`);
  return `# Scorecard

${wrap(
  "What the RFCs ask of a NAT, and what tsproxy does. Each line is a test that sends packets through the engine in memory, with a clock of its own: `npm run scorecard` runs them and prints the table. Where the answer is _no_, the line says why, and the test shows what happens instead: it fails on the day that this changes.",
)}

${wrap(`Met, of what applies: ${summary()}.`)}

${wrap(
  "The words are shortened. A requirement without a note in brackets says MUST. _The far end_ of the steering, that is what a host's kernel sees of it, is not part of these tests; [architecture.md](architecture.md) tells it, and `test/integration/` has it.",
)}

${wrap("This page is made from `test/scorecard/` by `npm run docs`.")}

${sections.join("\n")}`;
}

function item({ number, says, verdict, shows, because }: Requirement): string {
  const shown = shows === "" ? "" : ` Shown: ${shows}.`;
  const why = because === undefined ? "" : ` ${because[0]?.toUpperCase()}${because.slice(1)}.`;
  return wrap(`- ${number}, ${says}: **${verdict}**.${why}${shown}`, "  ");
}
