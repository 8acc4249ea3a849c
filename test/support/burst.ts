/** Numbered datagrams in bursts (native/burst.c), which must arrive in the order in which they were sent. */
import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect } from "vitest";
import type { Lab } from "./lab.js";
import type { Proc } from "./proc.js";

export interface Heard {
  came: number;
  late: number;
}

export interface Bursts {
  flows: number;
  /** Datagrams of each, sent as fast as it goes. */
  count: number;
  /** To each datagram. */
  answers: number;
}

/** Makes the program in `folder`, and answers its path. */
export function buildBurst(folder: string): string {
  const program = path.join(folder, "burst");
  execFileSync(process.env.CC ?? "cc", ["-O2", "-Wall", "-Wextra", "-o", program, "test/support/native/burst.c"], { stdio: "pipe" });
  return program;
}

export const sending = (program: string, address: string, port: number, { flows, count, answers }: Bursts): string[] => [
  program,
  "send",
  ...[address, port, flows, count, answers, 20].map(String),
];

export const serving = (program: string, port: number): string[] => [program, "serve", String(port)];

export function serveBursts(lab: Lab, ns: string, program: string, port: number): Promise<Proc> {
  return untilServing(lab.start(ns, serving(program, port), { input: "pipe" }));
}

export function untilServing(server: Proc): Promise<Proc> {
  return server.until("the server", () => server.stdout.includes("ready"));
}

/** What the server has heard since it was asked last. */
export async function heard(server: Proc): Promise<Heard> {
  const lines = server.stdout.split("\n").length;
  server.write("\n");
  await server.until("what the server has heard", () => server.stdout.split("\n").length > lines);
  return lastLine(server);
}

export const lastLine = <T>({ stdout }: { stdout: string }): T => JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as T;

/** What was sent has come, there and back, and nothing late. A slow machine may lose some of what comes faster than it can work. */
export async function expectOrder(
  what: string,
  sent: { stdout: string; stderr: string },
  server: Proc,
  { flows, count, answers }: Bursts,
): Promise<void> {
  expect(sent.stderr).toBe("");
  const back = lastLine<Heard>(sent);
  const there = await heard(server);
  expect({ what, there: there.late, back: back.late }).toEqual({ what, there: 0, back: 0 });
  expect(there.came).toBeGreaterThan((flows * count) / 2);
  expect(back.came).toBeGreaterThan((answers * there.came) / 2);
}
