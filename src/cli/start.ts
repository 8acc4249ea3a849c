#!/usr/bin/env node
/** What Node.js is started with: loads `main.ts`; for the main job, which is to be ready soon, with the code that an earlier one has kept. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { programCode } from "./program-code.js";

const MAIN = fileURLToPath(new URL("../run/main.cjs", import.meta.url));

const code = programCode(process.argv.slice(2), MAIN);
if (code === undefined) createRequire(import.meta.url)(MAIN);
else code.load(MAIN);
