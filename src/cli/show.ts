/** What the commands have in common that show what a running instance holds. */
import type { Instance } from "../api/instances.js";
import { parseInteger } from "../standalone/options.js";
import type { CliCommand } from "./command.js";
import type { Write } from "./stdout.js";

export interface PrintOptions {
  json: boolean;
}

export interface ShowOptions extends PrintOptions {
  /** Which instance, when several run. */
  pid: number | undefined;
}

const MAX_PID = 1 << 22; // PID_MAX_LIMIT, include/linux/threads.h

/** The options as they were typed. */
export interface RawShow {
  json?: boolean;
  pid?: string;
}

export function addShowOptions(command: CliCommand): CliCommand {
  return command.option("--json", "Print JSON").option("--pid <pid>", "Ask this instance, when several run");
}

export function parseShow({ json = false, pid }: RawShow): ShowOptions {
  return { json, pid: pid === undefined ? undefined : parseInteger("--pid", pid, 1, MAX_PID) };
}

/** Asks the instance that is meant, and prints the answer as JSON or as `format` puts it. */
export async function show<View>(
  { json, pid }: ShowOptions,
  write: Write,
  load: (client: typeof import("../api/client.js"), instance: Instance) => Promise<View>,
  format: (view: View) => string,
): Promise<void> {
  const [client, { pickInstance }] = await Promise.all([import("../api/client.js"), import("../api/instances.js")]);
  const view = await load(client, await pickInstance(pid));
  write(json ? `${JSON.stringify(view, null, 2)}\n` : format(view));
}
