/**
 * node --import vanish.mjs PROGRAM: something happens right before one call into the addon by this process's main thread, while it runs. The file that
 * TSPROXY_TEST_VANISH names says which and what, once it is there: `NUMBER PROGRAM ARGUMENT…`. NUMBER counts calls from then on. The file goes when it happens.
 */
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { isMainThread } from "node:worker_threads";
import { changeAddon } from "./addon.mjs";

const file = process.env.TSPROXY_TEST_VANISH;
let before = "";
let count = 0;

function look() {
  const text = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "";
  if (text !== before) count = 0;
  before = text;
  if (text === "") return;
  const [number, program, ...args] = text.split(" ");
  if (++count !== Number(number)) return;
  fs.rmSync(file);
  spawnSync(program, args);
}

if (isMainThread && file !== undefined)
  changeAddon((_, call) => (...args) => {
    look();
    return call(...args);
  });
