/** What is begun before the options are read, and for which arguments. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { beginEarly, isPlainMainJob } from "../../src/cli/early.js";

const guessMaps = vi.hoisted(() => vi.fn());
vi.mock("../../src/control/begin.js", () => ({ guessMaps }));

describe("beginEarly", () => {
  beforeEach(() => void guessMaps.mockReset());

  it.each([["-p 8999:172.17.0.4:8080"], ["--publish=8999:172.17.0.4:8080 --json"], ["--network 10.44.0.0/24 --endpoint web=10.44.0.4"]])(
    "begins maps for `tsproxy %s`",
    async (line) => {
      await beginEarly(line.split(" "));
      expect(guessMaps).toHaveBeenCalledOnce();
    },
  );

  it.each([
    [""],
    ["stats"],
    ["run -p 80:80 -- sh"],
    ["--help"],
    ["-v"],
    ["-p 8999:172.17.0.4:8080 --help"],
    ["-p 8999:172.17.0.4:8080 --relay"],
    ["--conntrack-max 1000 -p 8999:172.17.0.4:8080"],
    ["-p 8999:172.17.0.4:8080 --conntrack-max=1000"],
    ["-p 8999:172.17.0.4:8080 --workers 2"],
    ["-p 8999:172.17.0.4:8080 --offload never"],
  ])("begins nothing for `tsproxy %s`", (line) => {
    expect(isPlainMainJob(line.split(" "))).toBe(false);
  });

  it("leaves what fails to the start", async () => {
    guessMaps.mockImplementation(() => {
      throw new Error("no addon");
    });
    await expect(beginEarly(["-p", "8999:172.17.0.4:8080"])).resolves.toBeUndefined();
  });
});
