/** Errors about sandboxes, in the words that Docker has for containers. */
import { type KindOf, TsproxyError } from "../errors.js";
import type { SandboxRecord } from "./records.js";
export declare function sandboxError(kind: KindOf<"TSP_ERR_SANDBOX">, message: string, hint?: string): TsproxyError;
export declare function notRunning({ id }: SandboxRecord): TsproxyError;
export declare function nameConflict(name: string, { id }: SandboxRecord): TsproxyError;
