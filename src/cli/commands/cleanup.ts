/** `tsproxy cleanup`: removes what killed instances left behind. */

import { sweep, sweepDevices } from "../../model/sweep.js";
import type { PrintOptions } from "../options.js";

export async function cleanup(options: PrintOptions): Promise<void> {
  const swept = { ...sweep(), devices: await sweepDevices() };
  const { sockets, filters, devices } = swept;
  if (options.json) process.stdout.write(`${JSON.stringify(swept)}\n`);
  else if (sockets + filters + devices === 0) process.stdout.write("nothing to clean up\n");
  else process.stdout.write(`removed ${sockets} stale sockets, ${filters} stale filters and ${devices} stale devices\n`);
}
