/** `npm run bench`: see USAGE. */

import { busy } from "./busy.js";
import { cluster } from "./cluster.js";
import { docker } from "./docker/main.js";
import { endToEnd } from "./end-to-end.js";
import { macvlan } from "./macvlan.js";
import { memory } from "./memory/main.js";
import { networks } from "./networks/main.js";
import { parseOptions, USAGE } from "./options.js";
import { overlay } from "./overlay.js";
import { pauses } from "./pauses.js";
import { render } from "./render.js";
import { startup } from "./startup.js";

const [mode, ...rest] = process.argv.slice(2);
try {
  if (mode === "--help" || mode === "-h") process.stdout.write(USAGE);
  else if (mode === "memory") await memory(rest);
  else if (mode === "pauses") await pauses();
  else if (mode === "busy") busy();
  else if (mode === "cluster") await cluster();
  else if (mode === "startup") await startup(rest);
  else if (mode === "docker") await docker(rest);
  else if (mode === "networks") await networks(rest);
  else if (mode === "overlay") await overlay(rest);
  else if (mode === "macvlan") await macvlan(rest);
  else if (mode === "render") render(rest);
  else await endToEnd(parseOptions(process.argv.slice(2)));
} catch (error) {
  console.error(`bench: ${(error as Error).message}`);
  process.exitCode = 1;
}
