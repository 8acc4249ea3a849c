import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { describe, expect, it, vi } from "vitest";
import { CliCommand } from "../../src/cli/command.js";
import { buildProgram, commandIn } from "../../src/cli/program.js";
import { exitCodeOf, reportError } from "../../src/cli/report.js";

interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

async function run(...argv: string[]): Promise<Outcome> {
  const outcome: Outcome = { exitCode: 0, stdout: "", stderr: "" };
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    outcome.stdout += String(text);
    return true;
  });
  const program = await buildProgram(argv);
  try {
    await program.parseAsync(["node", "tsproxy", ...argv]);
  } catch (error) {
    outcome.exitCode = exitCodeOf(error);
    const write = (text: string): void => {
      outcome.stderr += text;
    };
    reportError(error, write, commandIn(program, argv));
  } finally {
    spy.mockRestore();
  }
  return outcome;
}

/** The root command and all others. */
async function everyCommand(): Promise<CliCommand[]> {
  const walk = (command: Command): Command[] => [command, ...command.commands.flatMap(walk)];
  return walk(await buildProgram()).map((command) => {
    expect(command).toBeInstanceOf(CliCommand);
    return command as CliCommand;
  });
}

describe("wrong usage", () => {
  it.each([
    [[], "tsproxy: nothing to do: publish a port"],
    [["up"], "tsproxy: unknown command 'up'"],
    [["stat"], "tsproxy: unknown command 'stat' (Did you mean stats?)"],
    [["help", "netwrk"], "tsproxy: unknown command 'netwrk' (Did you mean network?)"],
    [["network", "craete"], "tsproxy: unknown command 'craete' (Did you mean create?)"],
    [["network"], "tsproxy: no command behind 'network': there are create, ls, inspect, "],
    [["80:172.17.0.4:80"], "tsproxy: unknown command '80:172.17.0.4:80': a port is published by -p 80:172.17.0.4:80"],
    [["x".repeat(5000)], `tsproxy: unknown command '${"x".repeat(200)}`],
    [["--json", "stats"], "tsproxy: --json before 'stats' says nothing to it: write 'tsproxy stats --json'"],
    [["-p", "80:172.17.0.4:80", "stats"], "tsproxy: --publish before 'stats' says nothing to it: leave one of both out"],
    [["--offload", "never", "network", "ls"], "tsproxy: --offload before 'network' says nothing to it"],
    [["--publsh", "80"], "tsproxy: unknown option '--publsh' (Did you mean --publish?)"],
    [["-p"], "tsproxy: option '-p, --publish <mapping>' argument missing"],
    [["-p", "8080:80"], "tsproxy: -p 8080:80: no target address between '8080' and '80': write 8080:TARGET_IP:80"],
    [["-p", "80\n:172.17.0.4:80"], "tsproxy: -p 80 :172.17.0.4:80: invalid host port '80 '"],
    [["--network", "10.0.0.0/8", "--network", "10.0.0.0/9"], "there is '10.0.0.0/8' already; one instance has one network"],
    [["flows", "--pid", "x"], "tsproxy: --pid 'x'"],
    [["flows", "-p", "80"], "tsproxy: unknown option '-p'"],
    [["flows", "--delete"], "tsproxy: --delete: say which by --client and --port, or end all by --all"],
    [["flows", "--delete", "--json", "--pid", "4711"], "tsproxy: --delete: say which"],
    [["flows", "--all"], "tsproxy: --all: it is for --delete"],
    [["flows", "--delete", "--all", "--port", "80"], "tsproxy: --all ends all flows, --client and --port end some"],
    [["stats", "extra"], "tsproxy: too many arguments for 'stats'"],
    [["daemon", "--workers", "0"], "tsproxy: --workers '0'"],
    [["port", "web", "db"], "tsproxy: too many arguments for 'port'"],
    [["-p", "80:172.17.0.4:80", "extra"], "tsproxy: unknown command 'extra'"],
  ])("%j is one line with a hint, exit 2, and nothing runs", async (argv, message) => {
    const { exitCode, stdout, stderr } = await run(...argv);
    expect([exitCode, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(message);
    expect(stderr.length).toBeLessThan(400);
    expect(stderr).toMatch(/^[^\n]+[^.\n] \(run 'tsproxy (\w+ )*--help'\)\n$/);
  });
});

it.each([
  [["network", "create"], "network create "],
  [["network", "create", "a", "b"], "network create "],
  [["network", "--nosuch"], "network "],
  [["network", "list", "a"], "network ls "],
  [["fdb", "extra"], "fdb "],
  [["-p", "fdb", "extra"], ""],
])("wrong usage %j names the help of its command", async (argv, command) => {
  expect((await run(...argv)).stderr).toContain(` (run 'tsproxy ${command}--help')\n`);
});

/** `network create`: how a command is called, without `tsproxy`. */
function pathOf(command: Command): string {
  return command.parent?.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name();
}

const names = (await everyCommand()).slice(1).map(pathOf);

describe("help", () => {
  it.each(["-h", "--help"])("%s lists every option and command, exit 0", async (flag) => {
    const { exitCode, stdout, stderr } = await run(flag);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Usage: tsproxy -p MAPPING \[OPTIONS\]\n {7}tsproxy COMMAND/);
    expect(stdout).toMatch(/\n {2}-p, --publish MAPPING {2,}Publish/);
    expect(stdout).toMatch(/\n {6}--endpoint NETNS=IP {2,}\S/);
    for (const command of (await buildProgram()).commands) expect(stdout).toMatch(new RegExp(`\\n {2}${command.name()} {2,}\\S`));
    expect(stdout).toContain("tsproxy -p 8999:172.17.0.4:8080\n");
  });

  it.each(names)("of %s has usage, options and an example, and fits into 120 columns", async (name) => {
    const { exitCode, stdout } = await run(...name.split(" "), "--help");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: tsproxy ${name} (COMMAND )?\\[OPTIONS\\]`));
    expect(stdout).toMatch(/\n {2}-h, --help {2,}\S/);
    expect(stdout).toMatch(new RegExp(`\\nExamples?:\\n {2}\\S.*\\n {4}.*tsproxy ${name}\\b`));
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(120);
    expect(stdout).not.toContain("(default:"); // it is there already
  });

  it("is what `tsproxy help` shows too", async () => {
    expect(await run("help")).toEqual(await run("--help"));
    expect(await run("help", "flows")).toEqual(await run("flows", "--help"));
    expect(await run("help", "nosuch")).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringContaining("unknown command 'nosuch'"),
    });
  });

  it("has examples that the command line takes", async () => {
    for (const command of await everyCommand())
      for (const { lines } of command.examples) {
        const commands = lines.join("\n").replaceAll("\\\n", "").split("\n");
        for (const line of commands) {
          const words = line
            .replace(/[|'].*$/, "")
            .split(/\s+/)
            .filter((word) => word !== "");
          if (words[0] !== "tsproxy") continue;
          const parsed = await buildProgram();
          const walk = (each: Command): void => {
            each.action(() => {});
            for (const sub of each.commands) walk(sub);
          };
          walk(parsed);
          await expect(parsed.parseAsync(["node", ...words]), words.join(" ")).resolves.toBeDefined();
        }
      }
  });
});

it.each(["-v", "--version"])("%s shows version, commit, addon and node, exit 0", async (flag) => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
  const { exitCode, stdout, stderr } = await run(flag);
  expect([exitCode, stderr]).toEqual([0, ""]);
  const [first, addon, node] = stdout.split("\n");
  expect(first).toMatch(new RegExp(`^tsproxy ${version.replaceAll(".", "\\.")}, commit \\w+`));
  expect(addon).toMatch(/^addon: (\/.*\.node|none \(.*\))$/);
  expect(node).toBe(`node: ${process.version}`);
});
