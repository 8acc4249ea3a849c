import { describe, expect, it, vi } from "vitest";
import { frontCommands } from "../../src/cli/front.js";
import { TsproxyError } from "../../src/errors.js";

describe("command lines for the daemon", () => {
  it("are understood as the commands understand them", () => {
    expect(frontCommands.parse(["run", "--rm", "-d", "--network", "shop", "-p", "80", "--", "sh", "-c", "echo --rm"])).toEqual({
      kind: "run",
      create: { kind: "run", network: "shop", publish: ["80"], autoRemove: true, detached: true, command: ["sh", "-c", "echo --rm"] },
    });
    expect(frontCommands.parse(["run", "true"])).toMatchObject({ create: { network: "bridge", autoRemove: false, detached: false } });
    expect(frontCommands.parse(["exec", "web", "ls", "-l"])).toEqual({ kind: "exec", sandbox: "web", command: ["ls", "-l"] });
  });

  it.each([
    [["run"]],
    [["run", "--help"]],
    [["run", "--nonsense", "true"]],
    [["run", "--bandwidth", "fast", "true"]],
    [["exec", "web"]],
    [["ps"]],
    [[]],
  ])("are left to a process of its own where there is something to say about them: %j", (words) => {
    const write = vi.spyOn(process.stdout, "write").mockReturnValue(true);
    const found = frontCommands.parse(words);
    const said = write.mock.calls.length;
    write.mockRestore();
    expect([found, said]).toEqual([undefined, 0]);
  });

  it("end in one line for people", () => {
    const error = new TsproxyError("TSP_ERR_SANDBOX", "invalid", "two\n lines");
    expect(frontCommands.describe(error, ["run", "true"])).toBe("two lines (run 'tsproxy run --help')");
    expect(frontCommands.describe(error, [])).toBe("two lines (run 'tsproxy --help')");
  });
});
