import { expect, it, onTestFinished } from "vitest";
import { allUndone, Undo } from "../../src/control/undo.js";
import { setLogSink } from "../../src/log.js";

it("undoes the newest first, one after the other, once", async () => {
  const undo = new Undo();
  const done: string[] = [];
  undo.add("a", () => done.push("a"));
  undo.add("b", async () => {
    await new Promise(setImmediate);
    done.push("b");
  });
  undo.add("c", () => done.push("c"));
  await undo.run();
  expect(done).toEqual(["c", "b", "a"]);
  await undo.run();
  expect(done).toHaveLength(3);
});

it("goes on after a step that fails, and says which one did", async () => {
  const said: string[] = [];
  setLogSink((level, message) => said.push(`${level} ${message}`));
  onTestFinished(() => setLogSink(() => {}));
  const undo = new Undo();
  const done: string[] = [];
  undo.add("first", () => done.push("first"));
  undo.add("second", () => {
    throw new Error("busy");
  });
  undo.add("third", () => Promise.reject(new Error("gone")));
  await undo.run();
  expect([done, said]).toEqual([["first"], ["warn cannot undo 'third': gone", "warn cannot undo 'second': busy"]]);
});

it("is waited for by whoever asks for it while it is on its way", async () => {
  const undo = new Undo();
  const done: string[] = [];
  undo.add("last", () => void done.push("last"));
  undo.add("slow", () => new Promise((resolve) => setTimeout(resolve, 20)).then(() => done.push("slow")));
  void undo.run();
  undo.add("late", () => void done.push("late"));
  await undo.run();
  expect(done).toEqual(["slow", "late", "last"]);
});

it("is waited for where it goes on by itself", async () => {
  const undo = new Undo();
  const done: string[] = [];
  undo.add("last", () => void done.push("last"));
  undo.add("slow", () => new Promise((resolve) => setTimeout(resolve, 20)));
  undo.runApart(() => void done.push("next"));
  expect(done).toEqual([]);
  await allUndone();
  expect(done).toEqual(["last", "next"]);
});
