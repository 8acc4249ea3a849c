/** Descriptors of maps and programs that live as long as the steering does. */
import fs from "node:fs";
import * as bpf from "../sys/bpf.js";

export class Descriptors {
  readonly all: number[] = [];

  load(name: string, code: Uint8Array, type?: number): number {
    return bpf.now(this.loading(name, code, type));
  }

  /** `name`: as the kernel shows it, behind `tsproxy_`. */
  *loading(name: string, code: Uint8Array, type?: number): bpf.Steps<number> {
    const fd = yield* bpf.loadingProgram(`tsproxy_${name}`, code, type);
    this.all.push(fd);
    return fd;
  }

  /** Before all the others. */
  closeOne(fd: number): void {
    fs.closeSync(this.all.splice(this.all.indexOf(fd), 1)[0]!);
  }

  close(): void {
    for (const fd of this.all.splice(0)) fs.closeSync(fd);
  }
}
