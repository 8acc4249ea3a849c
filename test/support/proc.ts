/** Child processes of the tests: output collected, awaited by pattern, ended by pid. */
import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";

export { sleep };

export interface Result {
  /** Exit code; 128 + signal number is not used: a killed program has -1. */
  code: number;
  stdout: string;
  stderr: string;
}

export interface StartOptions {
  env?: Record<string, string>;
  /** Written to standard input, which is then closed; without it the input is empty. "pipe" leaves it open for `write`. */
  input?: string | "pipe";
  /** Descriptor 3 of the child is a pipe; what it writes there is in `extra`. */
  extraFd?: boolean;
}

export class Proc {
  stdout = "";
  stderr = "";
  /** What came through descriptor 3. */
  extra = "";
  readonly pid: number;
  readonly exited: Promise<Result>;
  private result: Result | undefined;
  private readonly child: ChildProcess;

  constructor(
    readonly argv: readonly string[],
    options: StartOptions = {},
  ) {
    const [command = "", ...args] = argv;
    this.child = spawn(command, args, {
      stdio: ["pipe", "pipe", "pipe", ...(options.extraFd ? (["pipe"] as const) : [])],
      env: { ...process.env, ...options.env },
    });
    this.pid = this.child.pid ?? -1;
    this.child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout += text;
    });
    this.child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr += text;
    });
    const extra = this.child.stdio[3] as NodeJS.ReadableStream | undefined;
    extra?.on("data", (bytes: Buffer) => {
      this.extra += bytes.toString();
    });
    this.child.stdin?.on("error", () => {}); // EPIPE: the child ended before it read everything
    if (options.input !== "pipe") this.child.stdin?.end(options.input ?? "");
    this.exited = new Promise((resolve) => {
      this.child.on("error", (error) => {
        this.stderr += error.message;
      });
      this.child.on("close", (code) => {
        this.result = { code: code ?? -1, stdout: this.stdout, stderr: this.stderr };
        resolve(this.result);
      });
    });
  }

  get running(): boolean {
    return this.result === undefined;
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  endInput(): void {
    this.child.stdin?.end();
  }

  signal(name: NodeJS.Signals): void {
    if (this.running) this.child.kill(name);
  }

  /** Standard output as one JSON object per line; lines that are not JSON are left out. */
  events(): Record<string, unknown>[] {
    const complete = this.stdout.slice(0, this.stdout.lastIndexOf("\n") + 1);
    return complete
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  /** Waits until `ready` answers true; fails when the program ends first or after `timeoutMs`. */
  async until(what: string, ready: (proc: Proc) => boolean, timeoutMs = 10_000): Promise<this> {
    const deadline = Date.now() + timeoutMs;
    while (!ready(this)) {
      if (!this.running || Date.now() > deadline) {
        const why = this.running ? `not within ${timeoutMs} ms` : `it ended with code ${this.result?.code}`;
        throw new Error(`waited for ${what} of "${this.argv.join(" ")}": ${why}\nstdout: ${this.stdout}\nstderr: ${this.stderr}`);
      }
      await sleep(5);
    }
    return this;
  }

  /** Waits for the end; kills it (SIGKILL) after `timeoutMs`. */
  async finish(timeoutMs = 20_000): Promise<Result> {
    const timer = globalThis.setTimeout(() => this.signal("SIGKILL"), timeoutMs);
    const result = await this.exited;
    clearTimeout(timer);
    return result;
  }

  async stop(name: NodeJS.Signals = "SIGTERM", timeoutMs = 5_000): Promise<Result> {
    this.signal(name);
    return this.finish(timeoutMs);
  }
}

/** Calls `attempt` until it answers something else than undefined or false. */
export async function eventually<T>(
  what: string,
  attempt: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 5_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const value = await attempt();
    if (value !== undefined && value !== false) return value;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}
