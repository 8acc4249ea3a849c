/** Errors about sandboxes, in the words that Docker has for containers. */
import { type KindOf, TsproxyError } from "../errors.js";
import { shortId } from "../model/records.js";
import type { SandboxRecord } from "./records.js";

export function sandboxError(kind: KindOf<"TSP_ERR_SANDBOX">, message: string, hint?: string): TsproxyError {
  return new TsproxyError("TSP_ERR_SANDBOX", kind, message, hint);
}

export function notRunning({ id }: SandboxRecord): TsproxyError {
  return sandboxError("conflict", `sandbox ${id} is not running`, "see 'tsproxy ps -a'");
}

export function nameConflict(name: string, { id }: SandboxRecord): TsproxyError {
  return sandboxError(
    "conflict",
    `Conflict. The sandbox name "${name}" is already in use by sandbox "${shortId(id)}"`,
    "You have to remove (or rename) that sandbox to be able to reuse that name.",
  );
}
