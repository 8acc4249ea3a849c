import { afterEach, describe, expect, it } from "vitest";
import { exitCodeOf, reportError } from "../../src/cli/report.js";
import { TsproxyError } from "../../src/errors.js";

function said(error: unknown): string {
  let text = "";
  reportError(error, (part) => {
    text += part;
  });
  return text;
}

afterEach(() => {
  delete process.env.TSPROXY_DEBUG;
});

describe("an error", () => {
  it("is one line with message and hint, exit 1, and has no usage hint", () => {
    const error = new TsproxyError("TSP_ERR_PORT_TAKEN", "conflict", "port 80 is taken", "stop it");
    expect([exitCodeOf(error), said(error)]).toEqual([1, "tsproxy: port 80 is taken: stop it\n"]);
  });

  it("of the user's has the usage hint, exit 2", () => {
    const error = new TsproxyError("TSP_ERR_OPTION", "invalid", "--mtu 'x': no number", "use 68 to 65521");
    expect([exitCodeOf(error), said(error)]).toEqual([2, "tsproxy: --mtu 'x': no number: use 68 to 65521 (run 'tsproxy --help')\n"]);
  });

  it("names the help that is to be read once", () => {
    const error = new TsproxyError("TSP_ERR_SANDBOX", "invalid", "bad format for links: :a", "see 'tsproxy run --help'");
    expect(said(error)).toBe("tsproxy: bad format for links: :a: see 'tsproxy run --help'\n");
  });

  it("clears no screen: control characters of a word, and those that turn the writing, are written out", () => {
    const error = new TsproxyError("TSP_ERR_OPTION", "invalid", "--mtu '\x1b[2J\rno\x9b\u202eon': no\r\n number");
    expect(said(error)).toBe("tsproxy: --mtu '\\x1b[2J\\x0dno\\x9b\\u202eon': no number (run 'tsproxy --help')\n");
  });

  it.each([
    [new TypeError("x is not\na function"), "x is not a function"],
    ["thrown text", "thrown text"],
    [undefined, "undefined"],
  ])("of tsproxy's own is one line without a stack: %s", (error, words) => {
    expect(exitCodeOf(error)).toBe(1);
    expect(said(error)).toMatch(
      new RegExp(`^tsproxy: internal error: ${words}: please report it \\(TSP_ERR_INTERNAL\\); .*TSPROXY_DEBUG=1.*\n$`),
    );
  });

  it("shows its stack, and those of its causes, when asked by TSPROXY_DEBUG", () => {
    process.env.TSPROXY_DEBUG = "1";
    const error = new TsproxyError("TSP_ERR_STATE", "unavailable", "cannot write", undefined, new Error("ENOSPC"));
    expect(said(error)).toMatch(/^tsproxy: cannot write\nTsproxyError: cannot write\n\s+at [\s\S]*\ncaused by Error: ENOSPC\n\s+at /);
  });
});
