/**
 * Keeps out of own networks what the host would forward into them (guard-programs.ts). Nothing is made before there is a network. The devices
 * are ours and end with us, so nothing is left behind on any kernel.
 */
import fs from "node:fs";
import os from "node:os";
import * as bpf from "../sys/bpf.js";
import { FLOW_KEY_SIZE, FLOW6_KEY_SIZE } from "../wire/flow-entry.js";
import { GUARD_NAME } from "./filter-names.js";
import { answerProgram, askProgram, type GuardMapFds } from "./guard-programs.js";
import { LRU_SLACK } from "./maps.js";
import type { Steering } from "./steering.js";

/** Questions of endpoints to the host that are remembered at least; beyond that the least recently seen are forgotten. */
const MAX_ASKED = 1 << 14;
/** Before the link of what carries from the host to endpoints (host-carry.ts), or what the host masquerades would pass. */
const FIRST = { name: GUARD_NAME, atOnce: true };

export class HostGuard {
  private maps: GuardMapFds | undefined;
  private readonly programs = new Map<string, number>();

  constructor(private readonly steering: Steering) {}

  /** From now on, for the host's device in a network; answers with the way back. `internal`: lets not even answers through. */
  attach(ifindex: number, internal: boolean): () => void {
    const egress = internal
      ? this.program("internal", (maps) => answerProgram(maps, true, this.steering))
      : this.program("answer", (maps) => answerProgram(maps, false, this.steering));
    const attached = [this.steering.attacher.attach(ifindex, egress, "egress", FIRST)];
    if (!internal)
      attached.push(
        this.steering.attacher.attach(
          ifindex,
          this.program("ask", (maps) => askProgram(maps, this.steering)),
          "ingress",
          FIRST,
        ),
      );
    return () => {
      for (const { detach } of attached) detach();
    };
  }

  close(): void {
    for (const fd of this.programs.values()) fs.closeSync(fd);
    this.programs.clear();
    if (this.maps !== undefined) for (const fd of [this.maps.asked, this.maps.asked6]) fs.closeSync(fd);
    this.maps = undefined;
  }

  private program(name: string, code: (maps: GuardMapFds) => Uint8Array): number {
    let fd = this.programs.get(name);
    if (fd === undefined) {
      this.maps ??= { ...this.steering.maps, ...this.createAsked() };
      fd = bpf.loadProgram(`tsproxy_${name}`, code(this.maps));
      this.programs.set(name, fd);
    }
    return fd;
  }

  private createAsked(): Pick<GuardMapFds, "asked" | "asked6"> {
    const maxEntries = MAX_ASKED + LRU_SLACK * os.cpus().length;
    const create = (name: string, keySize: number, entries: number): number =>
      bpf.createMap({ name: `tsproxy_${name}`, type: bpf.MAP_LRU_HASH, keySize, valueSize: 4, maxEntries: entries });
    const asked = create("asked", FLOW_KEY_SIZE, maxEntries);
    try {
      return { asked, asked6: create("asked6", FLOW6_KEY_SIZE, this.steering.ipv6 ? maxEntries : 1) };
    } catch (error) {
      fs.closeSync(asked);
      throw error;
    }
  }
}
