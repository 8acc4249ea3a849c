import { setFlagsFromString } from "node:v8";

/** How V8 is to compile the packet path. To be called before the first packet. */
export function tuneJit(): void {
  // Inline all of a stage's accessors. By default V8 stops at a sum of 920 byte codes, which leaves calls in the middle of the packet path
  // (bench: `memory`, 1,000 flows: 1.5 to 2.5 times as slow).
  setFlagsFromString("--max-inlined-bytecode-size-cumulative=5000");
  setFlagsFromString("--max-inlined-bytecode-size=1000");
  // Compile after some thousand packets instead of some hundred. By default it depends on what else the machine does in that moment whether
  // the path settles at a good version or at one that is an eighth slower, for good (bench: `memory`, two workers). But not later than that: what
  // runs once a connection, to choose its port, say, is a small part of it each time, and costs twice as much until it is compiled (decision 210).
  setFlagsFromString("--interrupt-budget=200000");
}
