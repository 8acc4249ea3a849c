/**
 * What the network driver must remember: Docker tells of a network once, when it is made, and never again, not even after a reboot; and
 * endpoints' devices outlive us. One JSON file, replaced as a whole. What depends on the running kernel (endpoints) is void after a reboot.
 *
 * Order: an endpoint is written down before its device is made and forgotten after it was removed, so no device is left unknown.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Mapping } from "../control/port-spec.js";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";

export interface NetworkOptions {
  /** Undefined: that of the host's default route. */
  mtu?: number;
  /** Nothing goes in or out. */
  internal: boolean;
  /** Endpoints reach each other. */
  icc: boolean;
  masquerade: boolean;
  /** Host address of published ports that name none. */
  hostBinding: string;
  /** Source address of what leaves. */
  outside?: string;
  /** Name of devices in containers, without number. */
  interfacePrefix: string;
  /** Name of the host's device. */
  hostDevice?: string;
}

export interface NetworkRecord {
  id: string;
  /** `172.18.0.0/16` */
  subnet: string;
  gateway: string;
  options: NetworkOptions;
}

export interface EndpointRecord {
  id: string;
  network: string;
  address: string;
  mac: string;
  /** Name of its device while that is in the host's namespace. */
  device: string;
  multiQueue: boolean;
  /** SandboxKey: path of the namespace that it joined; "": none. */
  sandbox: string;
  ports: Mapping[];
}

export interface Records {
  networks: NetworkRecord[];
  endpoints: EndpointRecord[];
}

interface StateFile extends Records {
  version: 1;
  bootId: string;
  /** Process that writes it. */
  pid: number;
}

export class DriverState {
  private readonly file: string;

  constructor(dir: string) {
    this.file = join(dir, "docker.json");
  }

  /** What was written last. A file that cannot be read is put aside, with a warning. */
  load(): Records & { pid: number } {
    const nothing = { networks: [], endpoints: [], pid: 0 };
    if (!existsSync(this.file)) return nothing;
    try {
      const { version, networks, endpoints, bootId: boot, pid } = JSON.parse(readFileSync(this.file, "utf8")) as StateFile;
      if (version !== 1 || !Array.isArray(networks) || !Array.isArray(endpoints)) throw new Error("it is of another version");
      return { networks, endpoints: boot === bootId() ? endpoints : [], pid };
    } catch (error) {
      log.warn(`${this.file} is put aside as ${this.file}.bad: ${(error as Error).message}`);
      renameSync(this.file, `${this.file}.bad`);
      return nothing;
    }
  }

  /** Throws TSP_ERR_STATE with the old file untouched. */
  save(records: Records, pid = process.pid): void {
    const content: StateFile = { version: 1, bootId: bootId(), pid, ...records };
    try {
      mkdirSync(dirname(this.file), { recursive: true, mode: 0o700 });
      writeFileSync(`${this.file}.new`, `${JSON.stringify(content)}\n`, { mode: 0o600 });
      renameSync(`${this.file}.new`, this.file);
    } catch (cause) {
      const message = `cannot write ${this.file}: ${(cause as Error).message}`;
      throw new TsproxyError("TSP_ERR_STATE", "unavailable", message, "is there space, and is it writable?", cause);
    }
  }
}

/** TSPROXY_STATE_DIR; beside a run folder of one's own, or where the system keeps such things. */
export function stateDir(): string {
  const { TSPROXY_STATE_DIR, TSPROXY_RUN_DIR } = process.env;
  return TSPROXY_STATE_DIR ?? (TSPROXY_RUN_DIR === undefined ? "/var/lib/tsproxy" : join(TSPROXY_RUN_DIR, "state"));
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}
