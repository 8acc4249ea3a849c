import type { SandboxInspect } from "../api/sandbox-inspect-types.js";
import type { Member } from "./member.js";
import type { SandboxRecord } from "./records.js";
/** `nameOf`: of a sandbox by its id. */
export declare function inspectSandbox(record: SandboxRecord, members: readonly Member[], dir: string, nameOf: (id: string) => string): SandboxInspect;
