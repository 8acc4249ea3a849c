/** Who may use a unix socket: root alone, or a group besides. */
import { chmodSync, chownSync, readFileSync } from "node:fs";
import { TsproxyError } from "../errors.js";

/** Gives the socket at `path` mode 0600, or with `group` (a name, or a number) that group and 0660. Throws TSP_ERR_GROUP for an unknown one. */
export function restrictSocket(path: string, group: string | undefined): void {
  if (group !== undefined) chownSync(path, -1, groupId(group));
  chmodSync(path, group === undefined ? 0o600 : 0o660);
}

function groupId(group: string): number {
  if (/^\d+$/.test(group)) return Number(group);
  // group(5): name:password:number:members
  for (const line of readFileSync("/etc/group", "utf8").split("\n")) {
    const [name, , id] = line.split(":");
    if (name === group && id !== undefined) return Number(id);
  }
  throw new TsproxyError("TSP_ERR_GROUP", "not-found", `there is no group '${group}'`, "see /etc/group, or run 'groupadd'");
}
