/** Endpoints' devices that were handed out: they outlive us, until whoever has them says otherwise. */
import type { Tap } from "../../device/tap.js";
import type { Undo } from "../undo.js";

/** A device that its user sets up. */
export interface Device {
  /** Ends it, wherever it is. */
  remove(): Promise<void>;
  /** The same without waiting for the kernel: until `gone`, 20 ms or so, it may still be there, though nothing comes or goes by it. */
  dismiss(): Promise<Dismissed>;
}

export interface Dismissed {
  gone: Promise<void>;
}

export interface HandedOut {
  /** By which the engine has its frames. */
  tap: Tap;
  /** Of one end of a veth pair: interface index of the other one, in the host's namespace. */
  end?: number | undefined;
  /** Nobody has deleted it. */
  isThere(): boolean;
  /** Whether the device stays when its descriptors are closed. At first it does not. */
  setLasting(on: boolean): void;
}

/** A device that was handed out, and its port. */
export class LiveDevice {
  private dismissed: Promise<Dismissed> | undefined;

  constructor(
    /** Whether it stays when its descriptors are closed. */
    private readonly setLasting: (on: boolean) => void,
    private readonly device: Undo,
    private readonly port: Undo,
  ) {}

  /** Ends it, once. */
  dismiss(): Promise<Dismissed> {
    this.dismissed ??= this.end();
    return this.dismissed;
  }

  /** Lets it go, or waits for its end where that has begun. */
  async close(): Promise<void> {
    await this.port.run();
    await this.device.run();
  }

  private async end(): Promise<Dismissed> {
    this.setLasting(false);
    await this.port.run();
    return { gone: this.device.run() };
  }
}
