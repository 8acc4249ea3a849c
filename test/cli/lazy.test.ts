/** Here the addon, the API's client and whatever carries packets cannot be loaded: help and usage errors work all the same. */
import { expect, it, vi } from "vitest";
import { buildProgram } from "../../src/cli/program.js";
import { exitCodeOf } from "../../src/cli/report.js";

const cannot = vi.hoisted(() => () => {
  throw new Error("cannot be loaded");
});
vi.mock("../../src/sys/native.js", cannot);
vi.mock("../../src/api/client.js", cannot);
vi.mock("../../src/control/controller.js", cannot);

it.each((await buildProgram()).commands.map((command) => command.name()))("%s --help", async (name) => {
  let text = "";
  const program = await buildProgram();
  for (const command of program.commands)
    command.configureOutput({
      writeOut: (part) => {
        text += part;
      },
    });
  await expect(program.parseAsync(["node", "tsproxy", name, "--help"])).rejects.toSatisfy((error) => exitCodeOf(error) === 0);
  expect(text).toContain(`Usage: tsproxy ${name}`);
});

it("a wrong option", async () => {
  await expect((await buildProgram()).parseAsync(["node", "tsproxy", "-p", "80"])).rejects.toMatchObject({ code: "TSP_ERR_PORT_SPEC" });
});

it("and --version says why the addon is not loaded", async () => {
  const { versionText } = await import("../../src/cli/version.js");
  expect(await versionText()).toMatch(/\naddon: none \(.+\)\n/);
});

it("what needs them says so", async () => {
  await expect((await buildProgram()).parseAsync(["node", "tsproxy", "-p", "80:172.17.0.4:80"])).rejects.toThrow();
});
