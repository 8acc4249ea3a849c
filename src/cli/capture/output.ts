/** Where a capture is written: standard output, a file, or a named pipe, which waits for whoever reads it. */
import { once } from "node:events";
import { closeSync, constants, fstatSync, openSync, statSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { isatty } from "node:tty";
import { TsproxyError } from "../../errors.js";
import { usageError } from "../command.js";

/** `done` is called when it is with whoever reads, if that comes to be. */
export type Write = (part: string | Uint8Array, done?: () => void) => unknown;

export interface Output {
  /** For people. */
  readonly name: string;
  readonly write: Write;
  /** Waits until it takes more; rejects when `signal` is aborted. */
  drained(signal: AbortSignal): Promise<void>;
  /** `end` is called when nobody reads it any more, which a write tells. */
  onGone(end: () => void): void;
  close(): void;
}

/** Between two looks for a reader. */
const LOOK_MS = 100;

/** Who reads it no more ends the process (`main.ts`). */
export function standardOutput(write: Write): Output {
  return {
    name: "standard output",
    write,
    drained: (signal) => drained(process.stdout, signal),
    onGone() {},
    close() {},
  };
}

/** Undefined: a named pipe that nobody reads. Throws TSP_ERR_CAPTURE (unavailable), or TSP_ERR_USAGE for a terminal. */
export function openOutput(file: string): Output | undefined {
  const fd = open(file);
  if (fd === undefined) return undefined;
  if (isatty(fd)) {
    closeSync(fd);
    throw terminal(file);
  }
  return fstatSync(fd).isFIFO() ? pipe(fd, file) : plain(fd, file);
}

export function terminal(file: string): TsproxyError {
  return usageError(`--write ${file}: it is a terminal, which cannot show a pcapng file: name a file, or use a pipe`);
}

/** Once somebody reads the named pipe; undefined: a signal came first. Throws what `openOutput` throws. */
export async function outputOnceRead(file: string): Promise<Output | undefined> {
  let isOver = false;
  const giveUp = (): void => {
    isOver = true;
  };
  process.on("SIGINT", giveUp).on("SIGTERM", giveUp);
  try {
    while (!isOver) {
      const output = openOutput(file);
      if (output !== undefined) return output;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
    return undefined;
  } finally {
    process.off("SIGINT", giveUp).off("SIGTERM", giveUp);
  }
}

/** Opening a named pipe waits for a reader, where no signal could end it; with O_NONBLOCK it fails instead (fifo(7)). */
function open(file: string): number | undefined {
  try {
    const { O_WRONLY, O_CREAT, O_TRUNC, O_NONBLOCK } = constants;
    return openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK, 0o600); // other people's packets are in it
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENXIO" && statSync(file).isFIFO()) return undefined;
    throw new TsproxyError("TSP_ERR_CAPTURE", "unavailable", `cannot write ${file} (${code})`, "choose another file", cause);
  }
}

/** A reader that does not take what comes stops nothing but the capture. */
function pipe(fd: number, file: string): Output {
  const socket = new Socket({ fd, readable: false, writable: true });
  socket.on("error", () => {}); // `onGone` has it
  return {
    name: file,
    write: (part, done) => socket.write(part, (error) => void (error || done?.())),
    drained: (signal) => drained(socket, signal),
    onGone: (end) => void (socket.destroyed ? end() : socket.on("close", end)),
    close: () => socket.destroy(),
  };
}

function plain(fd: number, file: string): Output {
  return {
    name: file,
    write(part, done) {
      writeAll(fd, Buffer.from(part as Uint8Array), file);
      done?.();
    },
    drained: async () => {},
    onGone() {},
    close: () => closeSync(fd),
  };
}

async function drained(stream: Writable, signal: AbortSignal): Promise<void> {
  if (stream.writableNeedDrain) await once(stream, "drain", { signal });
}

function writeAll(fd: number, bytes: Buffer, file: string): void {
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    throw new TsproxyError("TSP_ERR_CAPTURE", "unavailable", `cannot write ${file} (${code})`, "is the disk full?", cause);
  }
}
