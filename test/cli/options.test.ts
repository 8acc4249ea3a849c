import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { buildProgram, exitCodeOf, type Handlers, reportError } from "../../src/cli/options.js";
import { TsproxyError } from "../../src/errors.js";
import type { RunConfig } from "../../src/standalone/config.js";

interface Outcome {
  called: string | undefined;
  with: unknown;
  exitCode: number;
  stdout: string;
  stderr: string;
}

async function run(...argv: string[]): Promise<Outcome> {
  const outcome: Outcome = { called: undefined, with: undefined, exitCode: 0, stdout: "", stderr: "" };
  const handler =
    (name: string) =>
    (value: unknown): void => {
      outcome.called = name;
      outcome.with = value;
    };
  const names = ["run", "flows", "fdb", "stats", "doctor", "cleanup"] as const;
  const handlers = Object.fromEntries(names.map((name) => [name, handler(name)])) as unknown as Handlers;
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    outcome.stdout += String(text);
    return true;
  });
  try {
    await buildProgram(handlers).parseAsync(["node", "tsproxy", ...argv]);
  } catch (error) {
    outcome.exitCode = exitCodeOf(error);
    reportError(error, (text) => {
      outcome.stderr += text;
    });
  } finally {
    spy.mockRestore();
  }
  return outcome;
}

describe("the main command", () => {
  it("takes every option, the repeatable ones several times", async () => {
    const args =
      "-p 80:172.17.0.4:80 --publish 53:172.17.0.5:53/udp --network 172.17.0.0/16 --endpoint web=172.17.0.4 --endpoint 12=172.17.0.5 --allow-from 10.0.0.0/8 --allow-from 192.0.2.1 --workers 1 --masquerade-ports 50000-50999 --mtu 1400 --conntrack-max 500 --ready-fd 3 --relay --json";
    const { called, with: config, stderr } = await run(...args.split(" "));
    expect([called, stderr]).toEqual(["run", ""]);
    expect(config).toMatchObject({
      publish: [
        { hostPort: 80, proto: "tcp" },
        { hostPort: 53, proto: "udp" },
      ],
      network: { mtu: 1400 },
      endpoints: [{ netns: "web" }, { netns: "12" }],
      allowFrom: [{ prefixLength: 8 }, { prefixLength: 32 }],
      workers: 1,
      masqueradePorts: { first: 50000, last: 50999 },
      conntrackMax: 500,
      readyFd: 3,
      relay: true,
      json: true,
    } satisfies { [K in keyof RunConfig]?: unknown });
  });

  it("starts afresh for each parse", async () => {
    await run("-p", "80:172.17.0.4:80");
    const { with: config } = await run("-p", "81:172.17.0.4:80");
    expect((config as RunConfig).publish).toHaveLength(1);
  });
});

describe("subcommands", () => {
  it.each([
    [["flows"], "flows", { json: false, pid: undefined }],
    [["fdb", "--json"], "fdb", { json: true, pid: undefined }],
    [["stats", "--pid", "42", "--json"], "stats", { json: true, pid: 42 }],
    [["doctor"], "doctor", { json: false }],
    [["cleanup", "--json"], "cleanup", { json: true }],
  ])("%j", async (argv, called, options) => {
    const outcome = await run(...argv);
    expect(outcome).toMatchObject({ called, with: options, exitCode: 0, stderr: "" });
  });
});

describe("wrong usage", () => {
  it.each([
    [[], "tsproxy: nothing to do: publish a port"],
    [["up"], "tsproxy: unknown command 'up'"],
    [["--publsh", "80"], "tsproxy: unknown option '--publsh' (Did you mean --publish?)"],
    [["-p"], "tsproxy: option '-p, --publish <mapping>' argument missing"],
    [["-p", "8080:80"], "tsproxy: -p 8080:80: no target address between '8080' and '80': write 8080:TARGET_IP:80"],
    [["-p", "80\n:172.17.0.4:80"], "tsproxy: -p 80 :172.17.0.4:80: invalid host port '80 '"],
    [["flows", "--pid", "x"], "tsproxy: --pid 'x'"],
    [["flows", "-p", "80"], "tsproxy: unknown option '-p'"],
    [["stats", "extra"], "tsproxy: too many arguments for 'stats'"],
    [["-p", "80:172.17.0.4:80", "extra"], "tsproxy: unknown command 'extra'"],
  ])("%j is one line with a hint, exit 2, and nothing runs", async (argv, message) => {
    const { called, exitCode, stdout, stderr } = await run(...argv);
    expect([called, exitCode, stdout]).toEqual([undefined, 2, ""]);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(/^[^\n]+ \(run 'tsproxy --help'\)\n$/);
  });
});

describe("help and version", () => {
  it.each(["-h", "--help"])("%s lists every option and command, exit 0", async (flag) => {
    const { exitCode, stdout, stderr } = await run(flag);
    expect([exitCode, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Usage: tsproxy -p MAPPING \[OPTIONS\]\n {7}tsproxy COMMAND/);
    expect(stdout).toMatch(/\n {2}-p, --publish MAPPING {2,}Publish/);
    expect(stdout).toMatch(/\n {6}--endpoint NETNS=IP {2,}\S/);
    for (const name of ["flows", "fdb", "stats", "doctor", "cleanup"]) expect(stdout).toMatch(new RegExp(`\\n {2}${name} {2,}\\S`));
    expect(stdout).toContain("tsproxy -p 8999:172.17.0.4:8080\n");
  });

  it("shows a command's own help", async () => {
    const { exitCode, stdout } = await run("flows", "--help");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^Usage: tsproxy flows \[OPTIONS\]\n/);
    expect(stdout).toMatch(/--pid PID/);
  });

  it.each(["-v", "--version"])("%s shows package.json's version, exit 0", async (flag) => {
    const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string };
    expect(await run(flag)).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: "" });
  });
});

describe("failures of handlers", () => {
  const said = (error: unknown): string => {
    let text = "";
    reportError(error, (part) => {
      text += part;
    });
    return text;
  };

  it("exits 1 with message and hint, without the usage hint", () => {
    const error = new TsproxyError("TSP_ERR_PORT_TAKEN", "conflict", "port 80 is taken", "stop it");
    expect([exitCodeOf(error), said(error)]).toEqual([1, "tsproxy: port 80 is taken: stop it\n"]);
  });

  it("shows the stack of a fault of its own", () => {
    const error = new TypeError("x is not a function");
    expect(exitCodeOf(error)).toBe(1);
    expect(said(error)).toMatch(/^tsproxy: internal error: TypeError: x is not a function\n\s+at /);
  });
});
