/** `npm run bench -- render [FOLDER]`: makes pages and charts anew from the JSON in the folder and those below it, without measuring anything; without a folder the tables of README.md and docs/ too. */
import fs from "node:fs";
import path from "node:path";
import { parseArgs } from "node:util";
import { ROOT } from "../test/support/paths.js";
import { renderDocker } from "./docker/report.js";
import { renderFigures } from "./figures.js";
import { renderMemory } from "./memory/report.js";
import { renderNetworks } from "./networks/main.js";
import { RESULTS } from "./paths.js";
import { renderEndToEnd } from "./report.js";
import { readJson } from "./results.js";
import { renderStartup } from "./startup.js";

const RENDERERS: Record<string, (file: string, folder: string) => void> = {
  "end-to-end.json": (file, folder) => renderEndToEnd(readJson(file), folder),
  "docker.json": (file, folder) => renderDocker(readJson(file), folder),
  "memory.json": (file, folder) => renderMemory(readJson(file), folder),
  "networks.json": (file, folder) => renderNetworks(readJson(file), folder),
  "startup.json": (file, folder) => renderStartup(readJson(file), folder),
};

export function render(argv: string[]): void {
  const { positionals } = parseArgs({ args: argv, options: {}, allowPositionals: true });
  if (positionals.length > 1) throw new Error("render: one folder");
  const [root = RESULTS] = positionals;
  for (const name of fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort()) {
    const file = path.join(root, name);
    const renderer = RENDERERS[path.basename(file)];
    if (renderer === undefined) continue;
    renderer(file, path.dirname(file));
    console.log(path.relative(process.cwd(), file));
  }
  if (root === RESULTS) for (const page of renderFigures(ROOT)) console.log(page);
}
