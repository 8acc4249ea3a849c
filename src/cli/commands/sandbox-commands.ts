/** Commands about sandboxes that are there: `stop rm logs rename inspect wait exec attach detach`. */
import { createReadStream, existsSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { TsproxyError } from "../../errors.js";
import { CliCommand } from "../command.js";
import { daemonSocket } from "../daemon-socket.js";
import { exitingAsDocker, throughFront } from "../launch.js";
import { oneLine } from "../report.js";
import { stdout } from "../stdout.js";
import { eachWord } from "./network.js";
import { addSandboxOptions, type RawSandbox, sandboxBody } from "./run.js";

const SIGTERM = 15;
const SIGKILL = 9;
/** As Docker's. */
const STOP_SEC = 10;

type Client = typeof import("../../api/client.js");

async function daemon(): Promise<{ ask: Client["ask"]; socket: string }> {
  const [{ ask }, socket] = await Promise.all([import("../../api/client.js"), daemonSocket()]);
  return { ask, socket };
}

export function stopCommand(): CliCommand {
  return new CliCommand("stop", "Stop sandboxes: SIGTERM, and SIGKILL if that does not do", ["tsproxy stop [OPTIONS] SANDBOX..."])
    .argument("<sandbox...>", "Names, ids or starts of ids")
    .option("-t, --time <sec>", "Seconds until SIGKILL (10)")
    .example("Stop sandbox 'web'", "tsproxy stop web")
    .action(async (words: string[], { time }: { time?: string }) => {
      const patience = time === undefined ? STOP_SEC : seconds(time);
      const { ask, socket } = await daemon();
      await eachWord(words, async (sandbox) => {
        const params = { sandbox };
        if ((await ask(socket, "sandbox", { params })).state === "exited") return;
        const deadline = performance.now() + patience * 1000;
        await ask(socket, "signalSandbox", { params, body: { signal: SIGTERM } }).catch(unlessEnded);
        const ended = await Promise.race([waitFor(ask, socket, sandbox, deadline), later(patience * 1000)]);
        if (ended === undefined) {
          await ask(socket, "signalSandbox", { params, body: { signal: SIGKILL } }).catch(unlessEnded);
          await waitFor(ask, socket, sandbox, Number.POSITIVE_INFINITY);
        }
      });
    });
}

export function rmCommand(): CliCommand {
  return new CliCommand("rm", "Remove sandboxes that have ended", ["tsproxy rm [OPTIONS] SANDBOX..."])
    .argument("<sandbox...>", "Names, ids or starts of ids")
    .option("-f, --force", "End those that run")
    .example("Remove sandbox 'web', whatever it does", "tsproxy rm -f web")
    .action(async (words: string[], { force = false }: { force?: boolean }) => {
      const { ask, socket } = await daemon();
      await eachWord(words, async (sandbox) => {
        await ask(socket, "removeSandbox", { params: { sandbox }, query: force ? { force: "1" } : {} });
      });
    });
}

export function logsCommand(): CliCommand {
  return new CliCommand("logs", "Show the output of a sandbox that runs in the background", ["tsproxy logs [OPTIONS] SANDBOX"])
    .argument("<sandbox>", "Its name, id or start of the id")
    .example("What 'web' has said so far", "tsproxy logs web")
    .action(async (sandbox: string) => {
      const { ask, socket } = await daemon();
      const { dir, name, detached } = await ask(socket, "sandbox", { params: { sandbox } });
      const file = join(dir, "log");
      if (!detached || !existsSync(file))
        throw new TsproxyError(
          "TSP_ERR_SANDBOX",
          "conflict",
          `sandbox ${name} has no log`,
          "only those that were started with -d have one",
        );
      await pipeline(createReadStream(file), process.stdout, { end: false });
      stdout(""); // comes after it
    });
}

export function renameCommand(): CliCommand {
  return new CliCommand("rename", "Give a sandbox another name", ["tsproxy rename [OPTIONS] SANDBOX NAME"])
    .argument("<sandbox>", "Its name, id or start of the id")
    .argument("<name>", "Its new name")
    .example("Call 'web' something else", "tsproxy rename web shopfront")
    .action(async (sandbox: string, name: string) => {
      const { ask, socket } = await daemon();
      await ask(socket, "renameSandbox", { params: { sandbox }, body: { name } });
    });
}

export function inspectCommand(): CliCommand {
  return new CliCommand("inspect", "Show sandboxes as JSON, as 'docker inspect' does", ["tsproxy inspect [OPTIONS] SANDBOX..."])
    .argument("<sandbox...>", "Names, ids or starts of ids")
    .example("Addresses, gateways and ports of 'web'", "tsproxy inspect web")
    .action(async (words: string[]) => {
      const { ask, socket } = await daemon();
      const all = await Promise.all(words.map((sandbox) => ask(socket, "inspectSandbox", { params: { sandbox } })));
      stdout(`${JSON.stringify(all, null, 4)}\n`);
    });
}

export function waitCommand(): CliCommand {
  return new CliCommand("wait", "Wait until sandboxes end, and print their exit codes", ["tsproxy wait [OPTIONS] SANDBOX..."])
    .argument("<sandbox...>", "Names, ids or starts of ids")
    .example("Wait for 'job'", "tsproxy wait job")
    .action(async (words: string[]) => {
      const { ask, socket } = await daemon();
      for (const sandbox of words) stdout(`${await waitFor(ask, socket, sandbox, Number.POSITIVE_INFINITY)}\n`);
    });
}

type Exec = (sandbox: string, command: string[]) => Promise<void> | void;

/** `action`: as of `runCommand`. */
export function execCommand(action: Exec = () => exitingAsDocker("exec", throughFront)): CliCommand {
  return new CliCommand("exec", "Run a program in a sandbox that is there", ["tsproxy exec [OPTIONS] SANDBOX PROGRAM [ARGUMENT...]"])
    .argument("<sandbox>", "Its name, id or start of the id")
    .argument("<program...>", "What to run, with its arguments")
    .passThroughOptions()
    .example("A look at the devices of 'web'", "tsproxy exec web ip addr")
    .action(action);
}

export function attachCommand(): CliCommand {
  return addSandboxOptions(
    new CliCommand("attach", "Put a network namespace of others into a network", ["tsproxy attach [OPTIONS] --netns NETNS"]),
  )
    .requiredOption("--netns <netns>", "A name in /run/netns, a process id, or an absolute path")
    .note("It stays until 'tsproxy detach', or until the namespace ends. It prints the sandbox's id.")
    .note("Names of others are found by who asks 127.0.0.11 in there; 'tsproxy exec' shows programs such a resolv.conf.")
    .example(
      "A namespace from 'ip netns add red' gets an address and the name 'red'",
      "tsproxy attach --netns red --name red --network shop",
    )
    .action(async ({ netns, ...raw }: RawSandbox & { netns: string }) => {
      const { ask, socket } = await daemon();
      const body = { ...sandboxBody(raw), kind: "attached" as const, netns, command: [] };
      const { id, warnings } = await ask(socket, "createSandbox", { body });
      for (const warning of warnings) process.stderr.write(`WARNING: ${oneLine(warning)}\n`);
      stdout(`${id}\n`);
    });
}

export function detachCommand(): CliCommand {
  return new CliCommand("detach", "Take attached network namespaces out of their networks", ["tsproxy detach [OPTIONS] SANDBOX..."])
    .argument("<sandbox...>", "Names, ids or starts of ids")
    .example("Undo 'tsproxy attach --name red'", "tsproxy detach red")
    .action(async (words: string[]) => {
      const { ask, socket } = await daemon();
      await eachWord(words, async (sandbox) => {
        const { kind, name } = await ask(socket, "sandbox", { params: { sandbox } });
        if (kind !== "attached")
          throw new TsproxyError("TSP_ERR_SANDBOX", "conflict", `sandbox ${name} was not attached`, "stop it: 'tsproxy stop'");
        await ask(socket, "removeSandbox", { params: { sandbox }, query: {} });
      });
    });
}

/** The exit code; undefined when the deadline (as `performance.now`) came first. One that is forgotten when it ends counts as ended. */
async function waitFor(ask: Client["ask"], socket: string, sandbox: string, deadline: number): Promise<number | undefined> {
  while (performance.now() < deadline) {
    const { exitCode } = await ask(socket, "waitSandbox", { params: { sandbox } });
    if (exitCode !== undefined) return exitCode;
  }
  return undefined;
}

function later(ms: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), ms).unref());
}

/** It may end at the very moment. */
function unlessEnded(error: unknown): void {
  if (!(error instanceof TsproxyError) || error.code !== "TSP_ERR_SANDBOX") throw error;
}

function seconds(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new TsproxyError("TSP_ERR_OPTION", "invalid", `--time '${text}': not a whole number of seconds`, "use a number like 10");
}
