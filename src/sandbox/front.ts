/**
 * `tsproxy run` and `tsproxy exec` by way of `native/front.c`, which says what is said: a line-based conversation on a unix socket, one for a
 * command. What the command line means is for who starts the daemon to say; what it does not carry out here, Node.js does in a process of its own.
 */
import { createServer, type Socket } from "node:net";
import { check } from "../api/dispatch.js";
import { SandboxCreate } from "../api/sandbox-types.js";
import { listen } from "../api/unix-socket.js";
import { log } from "../log.js";
import { notRunning } from "./sandbox-errors.js";
import type { Sandboxes } from "./sandboxes.js";

/** Exit code where it is tsproxy that failed, as Docker has it. */
const FAILED = 125;
/** Words of a command line; the kernel takes 2 MiB of them. */
const MAX_BYTES = 4 << 20;
const WAIT_MS = 3000;
const HOST = "host";
const OTHERS = "container:";

export type FrontCommand =
  | { kind: "run"; create: SandboxCreate }
  /** In a sandbox that is there. */
  | { kind: "exec"; sandbox: string; command: readonly string[] };

export interface CommandLine {
  /** Undefined: it is for a process of its own, as help and wrong usage are. The words of a program are the last ones. Throws nothing. */
  parse(words: readonly string[]): FrontCommand | undefined;
  /** One line for people. `words`: what failed. */
  describe(error: unknown, words: readonly string[]): string;
}

export interface Front {
  close(): Promise<void>;
}

/** Throws what `listen` throws. */
export async function serveFront(sandboxes: Sandboxes, commandLine: CommandLine, path: string, group: string | undefined): Promise<Front> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on("error", () => {}).on("close", () => open.delete(socket));
    void converse(new Conversation(socket), sandboxes, commandLine);
  });
  await listen(server, { path, group, refusal: { code: "TSP_ERR_API_SOCKET", other: "another process", hint: "stop it" } });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Never rejects. */
async function converse(talk: Conversation, sandboxes: Sandboxes, commandLine: CommandLine): Promise<void> {
  let words: readonly string[] = [];
  try {
    const first = (await talk.line()) ?? "";
    if (first.startsWith("wait "))
      await sandboxes.wait(first.slice("wait ".length), WAIT_MS).catch(() => {}); // forgotten already
    else {
      words = await talk.words(Number(first));
      await carryOut(talk, words, sandboxes, commandLine);
    }
  } catch (error) {
    talk.say(`error ${FAILED} ${commandLine.describe(error, words)}`);
  } finally {
    talk.end();
  }
}

async function carryOut(talk: Conversation, words: readonly string[], sandboxes: Sandboxes, { parse }: CommandLine): Promise<void> {
  const command = parse(words);
  if (command === undefined) return talk.say("node");
  if (command.kind === "exec") return talk.say(...whereIn(sandboxes, command.sandbox, words.length - command.command.length));
  const { create } = command;
  const namespace = namespaceFor(sandboxes, create.network);
  talk.say(`run ${words.length - create.command.length} ${create.detached ? "d" : "f"} ${namespace}`);
  const pid = /^pid (\d+)$/.exec((await talk.line()) ?? "")?.[1];
  if (pid === undefined) return log.info("a program was not started: 'tsproxy run' has ended");
  const body = check("body", SandboxCreate, { ...create, pid: Number(pid) }) as SandboxCreate;
  const { id, dir, warnings } = await sandboxes.create(body);
  for (const warning of warnings) talk.say(`warning ${warning}`);
  talk.say(`go ${id} ${dir}`);
}

function whereIn(sandboxes: Sandboxes, word: string, program: number): string[] {
  const { record } = sandboxes.find(word);
  if (record.exit !== undefined) throw notRunning(record);
  if (record.kind === "run") return [`exec ${program} ${record.pid}`];
  return [`enter ${program}`, sandboxes.dirOf(record.id), record.netns];
}

/** As option -n of `native/sandbox.c`. */
function namespaceFor(sandboxes: Sandboxes, network: string): string {
  if (network === HOST) return HOST;
  if (!network.startsWith(OTHERS)) return "new";
  return sandboxes.find(network.slice(OTHERS.length)).record.netns || HOST;
}

/** Lines, and once words, from a socket. */
class Conversation {
  private bytes = Buffer.alloc(0);
  private ended = false;
  private wake: () => void = () => {};

  constructor(private readonly socket: Socket) {
    socket.on("data", (chunk: Buffer) => {
      this.bytes = Buffer.concat([this.bytes, chunk]);
      if (this.bytes.length > MAX_BYTES) socket.destroy();
      this.wake();
    });
    const end = (): void => {
      this.ended = true;
      this.wake();
    };
    socket.on("end", end).on("close", end);
  }

  /** Undefined: it has ended. */
  line(): Promise<string | undefined> {
    return this.until("\n");
  }

  /** Rejects when there are fewer. */
  async words(count: number): Promise<string[]> {
    const words: string[] = [];
    while (words.length < count) {
      const word = await this.until("\0");
      if (word === undefined) throw new Error("a command line ended half-way");
      words.push(word);
    }
    return words;
  }

  say(...lines: string[]): void {
    if (!this.socket.destroyed) this.socket.write(lines.map((line) => `${line.replace(/\s*\n\s*/g, " ")}\n`).join(""));
  }

  end(): void {
    this.socket.end();
  }

  private async until(separator: string): Promise<string | undefined> {
    for (;;) {
      const at = this.bytes.indexOf(separator);
      if (at >= 0) {
        const text = this.bytes.toString("utf8", 0, at);
        this.bytes = this.bytes.subarray(at + 1);
        return text;
      }
      if (this.ended) return undefined;
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }
}
