/** What a worker thread is started with: loads `worker.ts`, with the code that an earlier run's worker has kept, and runs it. */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { workerData } from "node:worker_threads";
import { CodeCache } from "../sys/code-cache.js";
import type { WorkerData } from "./messages.js";

const WORKER = fileURLToPath(new URL("./engine.cjs", import.meta.url));

const { codeFile } = workerData as WorkerData;
const code = codeFile === undefined ? undefined : new CodeCache(codeFile);
const { run } = (code === undefined ? createRequire(import.meta.url)(WORKER) : code.load(WORKER)) as typeof import("./worker.js");
run(() => code?.keep());
