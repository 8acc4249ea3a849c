/** `tsproxy cleanup`: removes what killed instances left behind. */

import { sweepDevices } from "../../model/stray-device.js";
import { sweep } from "../../model/sweep.js";
import type { PrintOptions } from "../options.js";

export function cleanup(options: PrintOptions): void {
  const swept = { ...sweep(), devices: sweepDevices() };
  const { sockets, filters, devices } = swept;
  if (options.json) process.stdout.write(`${JSON.stringify(swept)}\n`);
  else if (sockets + filters + devices === 0) process.stdout.write("nothing to clean up\n");
  else process.stdout.write(`removed ${sockets} stale sockets, ${filters} stale filters and ${devices} stale devices\n`);
}
