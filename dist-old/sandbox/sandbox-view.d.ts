/** What the API says of a sandbox. */
import type { SandboxView } from "../api/sandbox-types.js";
import { type Mapping } from "../control/mapping.js";
import type { Member } from "./member.js";
import type { SandboxRecord } from "./records.js";
export declare function sandboxView(record: SandboxRecord, members: readonly Member[], dir: string, named?: readonly Mapping[]): SandboxView;
