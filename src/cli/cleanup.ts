/** `tsproxy cleanup`: removes what killed instances left behind. */
import { sweep } from "../control/run-dir.js";
import type { PrintOptions } from "./options.js";

export function cleanup(options: PrintOptions): void {
  const swept = sweep();
  if (options.json) process.stdout.write(`${JSON.stringify(swept)}\n`);
  else if (swept.sockets + swept.filters === 0) process.stdout.write("nothing to clean up\n");
  else process.stdout.write(`removed ${swept.sockets} stale sockets and ${swept.filters} stale filters\n`);
}
