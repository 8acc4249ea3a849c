import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";
import { describe, expect, it, onTestFinished } from "vitest";
import { TsproxyError } from "../src/errors.js";

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("nothing was thrown");
}

describe("whatever was thrown", () => {
  it("stays what it is when it is one of ours", () => {
    const error = new TsproxyError("TSP_ERR_GROUP", "not-found", "there is no group 'x'");
    expect(TsproxyError.of(error)).toBe(error);
  });

  it("is a failed system call when Node says so, and names it with its file", () => {
    const cause = thrownBy(() => readFileSync("/nosuch/file"));
    expect(TsproxyError.of(cause)).toMatchObject({
      code: "TSP_ERR_SYSCALL",
      kind: "unavailable",
      message: "open /nosuch/file failed (ENOENT)",
      cause,
    });
  });

  it("says what to do when it was a matter of rights (needs root, to be somebody else)", (ctx) => {
    if (process.geteuid?.() !== 0) ctx.skip("needs root: becomes another user");
    const dir = mkdtempSync(path.join(tmpdir(), "tsp-errors-"));
    onTestFinished(() => rmSync(dir, { recursive: true }));
    process.seteuid!(65534);
    const cause = thrownBy(() => mkdirSync(path.join(dir, "a")));
    process.seteuid!(0);
    expect(TsproxyError.of(cause)).toMatchObject({ kind: "permission", message: `mkdir ${dir}/a failed (EACCES)`, hint: "run as root" });
  });

  it("says what to do when there were too many files", () => {
    const cause = Object.assign(new Error("EMFILE: too many open files"), { code: "EMFILE", syscall: "open", path: "a" });
    expect(TsproxyError.of(cause)).toMatchObject({ kind: "unavailable", hint: "too many open files: raise 'ulimit -n'" });
  });

  it("is one of ours again when it comes from another thread", async () => {
    const error = new TsproxyError("TSP_ERR_GROUP", "not-found", "there is no group 'x'", "make it");
    const { code, kind, message, hint } = error;
    const script = `throw Object.assign(new Error(${JSON.stringify(message)}), ${JSON.stringify({ name: error.name, code, kind, hint })})`;
    const worker = new Worker(script, { eval: true });
    const copy = await new Promise<Error>((resolve) => worker.on("error", resolve));
    expect(copy).not.toBeInstanceOf(TsproxyError);
    expect(TsproxyError.of(copy)).toMatchObject({ code, kind, message, hint, cause: copy });
  });

  it.each([new TypeError("x is not a function"), "text", undefined, null, { code: "E" }])("else it is a fault of ours: %s", (thrown) => {
    expect(TsproxyError.of(thrown)).toMatchObject({ code: "TSP_ERR_INTERNAL", kind: "internal" });
    expect(TsproxyError.of(thrown).cause).toBe(thrown);
  });
});

it("is said in other words without losing its code, kind and cause", () => {
  const error = new TsproxyError("TSP_ERR_PORT_TAKEN", "conflict", "port 80 is taken", "stop it");
  expect(error.reworded("in use")).toMatchObject({ code: "TSP_ERR_PORT_TAKEN", kind: "conflict", message: "in use", cause: error });
  expect([error.describe(), error.reworded("in use").describe()]).toEqual(["port 80 is taken: stop it", "in use"]);
});
