/** The dataplane's ports by number, as people know them, and who wants to hear of a port's end. */
import type { PortStats } from "../api/types.js";
import { TsproxyError } from "../errors.js";
import type { Traffic } from "../steer/stations.js";
import { MAX_PORTS } from "../table/ports.js";

/** A port as people know it. */
export interface PortInfo {
  port: number;
  /** Device name. */
  name: string;
  kind: PortStats["kind"];
  /** Endpoint: its address; of both families with a comma between. */
  address?: string;
  /** What the kernel has carried of it, which the engine has not seen. */
  carried?: (() => Traffic | undefined) | undefined;
}

interface Taken {
  info: PortInfo;
  onGone: (() => void) | undefined;
}

export class PortNumbers {
  private readonly taken = new Map<number, Taken>();

  /** The lowest number that no other port has. `onGone`: its device ended by itself. Throws TSP_ERR_ENDPOINT (unavailable) when all are taken. */
  take(info: Omit<PortInfo, "port">, onGone?: () => void): number {
    let port = 0;
    while (this.taken.has(port)) port++;
    if (port >= MAX_PORTS)
      throw new TsproxyError(
        "TSP_ERR_ENDPOINT",
        "unavailable",
        `there are ${MAX_PORTS} devices already`,
        "remove an endpoint or a network",
      );
    this.taken.set(port, { info: { port, ...info }, onGone });
    return port;
  }

  /** The number may be taken again. */
  give(port: number): void {
    this.taken.delete(port);
  }

  info(port: number): PortInfo | undefined {
    return this.taken.get(port)?.info;
  }

  all(): PortInfo[] {
    return [...this.taken.values()].map(({ info }) => info);
  }

  /** Tells who asked to hear of the port's end; false: nobody did. */
  onGone(port: number): boolean {
    const tell = this.taken.get(port)?.onGone;
    tell?.();
    return tell !== undefined;
  }
}
