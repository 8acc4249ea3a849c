/** What a row of the scorecard is. */

export type Verdict = "yes" | "no" | "n/a";

export interface Requirement {
  /** As the RFC numbers it: "REQ-5", "§2.2". */
  number: string;
  /** Its words, shortened. */
  says: string;
  verdict: Verdict;
  /** What the test shows: of a "no" what happens instead. */
  shows: string;
  /** Of a "no" and of an "n/a" the argument, in one line; of a "yes" what it leaves out, if anything. */
  because?: string;
  /** Fails as soon as the verdict does not hold. Only an "n/a" may have none. */
  test?: () => void;
}

export interface Rfc {
  rfc: string;
  title: string;
  requirements: readonly Requirement[];
}

export function yes(number: string, says: string, shows: string, test: () => void, because?: string): Requirement {
  return { number, says, verdict: "yes", shows, test, ...(because !== undefined && { because }) };
}

/** `test` shows what happens instead: the day it is done right, it fails. */
export function no(number: string, says: string, because: string, shows: string, test: () => void): Requirement {
  return { number, says, verdict: "no", shows, because, test };
}

export function notApplicable(number: string, says: string, because: string, shows = "", test?: () => void): Requirement {
  return { number, says, verdict: "n/a", shows, because, ...(test !== undefined && { test }) };
}
