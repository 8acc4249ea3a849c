/** `--timeout STATE=SECONDS`: how long a flow stays without a packet, by the names that `tsproxy flows` shows. */
import { TsproxyError } from "../errors.js";
import { DEFAULT_TIMEOUTS, MAX_TIMEOUT, STATE_NAMES } from "../table/conntrack.js";

/** Seconds by state, the RFCs' where nothing else is said. Throws TSP_ERR_OPTION (invalid). */
export function parseTimeouts(words: readonly string[]): Int32Array {
  const timeouts = Int32Array.from(DEFAULT_TIMEOUTS);
  const said = new Set<string>();
  for (const word of words) {
    const [, name = "", text = ""] = /^([^=]*)=?(.*)$/.exec(word) ?? [];
    const states = [...STATE_NAMES.keys()].filter((state) => STATE_NAMES[state] === name);
    if (states.length === 0)
      throw invalid(word, "not STATE=SECONDS with a state that there is", `states: ${[...new Set<string>(STATE_NAMES)].join(", ")}`);
    const sec = /^\d+$/.test(text) ? Number(text) : 0;
    if (sec < 1 || sec > MAX_TIMEOUT) throw invalid(word, "not a time that can be kept", `use 1 to ${MAX_TIMEOUT} seconds`);
    if (said.has(name)) throw invalid(word, `${name} has a time-out already`, "give each state one");
    said.add(name);
    for (const state of states) timeouts[state] = sec;
  }
  return timeouts;
}

function invalid(word: string, problem: string, hint: string): TsproxyError {
  return new TsproxyError("TSP_ERR_OPTION", "invalid", `--timeout '${word}': ${problem}`, hint);
}
