/** Programs on devices that several processes may know: one that takes an endpoint up again, and one that shuts what a dead one has left. */
import { openSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { attachFilter, shutDevice } from "../../src/steer/device-filter.js";
import type { RouteSocket } from "../../src/sys/rtnetlink.js";

vi.mock("../../src/sys/bpf.js", async (original) => ({ ...(await original<object>()), loadProgram: () => openSync("/dev/null", "r") }));

const DEVICE = 7;

/** A device as the kernel has it: the filter that came last decides. */
class Device {
  filters: { handle: number; name: string; priority: number; progFd: number }[] = [];
  isThere = true;
  private handles = 0;
  readonly socket = {
    link: () => (this.isThere ? { index: DEVICE } : null),
    addClsact: () => false,
    bpfFilters: () => [...this.filters],
    addBpfFilter: (_ifindex: number, _direction: string, progFd: number, name: string, priority: number) => {
      this.filters.unshift({ handle: ++this.handles, name, priority, progFd });
      return this.handles;
    },
    deleteBpfFilter: (_ifindex: number, _priority: number, handle: number) => {
      if (!this.isThere) throw new Error("ENODEV");
      this.filters = this.filters.filter((filter) => filter.handle !== handle);
    },
  } as unknown as RouteSocket;

  get decides(): number | undefined {
    return this.filters[0]?.progFd;
  }
}

let device: Device;
beforeEach(() => {
  device = new Device();
});

describe("a program on a device of our own", () => {
  it("takes the place of a dead process's, is replaced between two packets, and goes alone", () => {
    device.socket.addBpfFilter(DEVICE, "ingress", 3, "somebody-else", 1);
    attachFilter(device.socket, DEVICE, 10); // of the dead process
    const filter = attachFilter(device.socket, DEVICE, 11);
    expect(device.filters.map(({ progFd }) => progFd)).toEqual([11, 3]);
    expect(filter.replace(12)).toBe(true);
    expect(device.filters.map(({ progFd }) => progFd)).toEqual([12, 3]);
    filter.detach();
    expect(device.filters.map(({ progFd }) => progFd)).toEqual([3]);
  });

  it("may have gone with its device", () => {
    const filter = attachFilter(device.socket, DEVICE, 11);
    device.isThere = false;
    expect(filter.replace(12)).toBe(false);
    filter.detach();
    expect(device.decides).toBe(11);
  });
});

describe("what a dead process has left on a device", () => {
  beforeEach(() => attachFilter(device.socket, DEVICE, 10));

  it("carries nothing any more, until another process takes the device up", () => {
    shutDevice(device.socket, DEVICE);
    shutDevice(device.socket, DEVICE); // whoever sweeps, too
    expect(device.filters.map(({ name }) => name)).toEqual(["tsproxy-shut"]);
    attachFilter(device.socket, DEVICE, 11);
    expect(device.filters.map(({ progFd }) => progFd)).toEqual([11]);
  });

  const steps = ["bpfFilters", "addBpfFilter"] as const;
  it.each(steps.flatMap((step) => [`before ${step}`, `after ${step}`] as const))("is not shut for who takes the device up %s", (when) => {
    const [order, step] = when.split(" ") as ["before" | "after", (typeof steps)[number]];
    let isTaken = false;
    const call = device.socket[step].bind(device.socket) as (...args: unknown[]) => unknown;
    const takeUp = (): void => {
      if (isTaken) return;
      isTaken = true;
      attachFilter(device.socket, DEVICE, 11);
    };
    vi.spyOn(device.socket, step).mockImplementation(((...args: unknown[]) => {
      if (order === "before") takeUp();
      const answer = call(...args);
      takeUp();
      return answer;
    }) as never);
    shutDevice(device.socket, DEVICE, () => isTaken);
    expect(device.filters.map(({ progFd }) => progFd)).toEqual([11]);
  });
});

afterEach(() => {
  vi.restoreAllMocks();
});
