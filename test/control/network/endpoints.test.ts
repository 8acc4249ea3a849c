import { describe, expect, it, onTestFinished, vi } from "vitest";
import { TapPorts } from "../../../src/control/network/tap-ports.js";
import { PortNumbers } from "../../../src/control/port-numbers.js";
import { Undo } from "../../../src/control/undo.js";
import type { Workers } from "../../../src/control/workers.js";
import type { TapOptions } from "../../../src/device/tap.js";
import type { Steering } from "../../../src/steer/steering.js";
import { native } from "../../../src/sys/native.js";
import { ENDPOINT, HOST } from "../../../src/table/ports.js";
import { ip } from "../../support/ip.js";
import { SiteFixture, SPEC } from "./site-fixture.js";

const opened: TapOptions[] = [];
const closed: string[] = [];
vi.mock("../../../src/device/tap.js", () => ({
  openTap: (options: TapOptions) => {
    opened.push(options);
    const fds = Array.from({ length: options.queues ?? 1 }, (_, queue) => 200 + queue);
    return { fds, name: options.name, uso: true, close: () => closed.push(options.name) };
  },
}));

const MAC = Uint8Array.of(2, 66, 10, 44, 0, 9);

/** What `native.tapPersist` was called with. */
function persistence(): string[] {
  const calls: string[] = [];
  const spy = vi.spyOn(native, "tapPersist").mockImplementation((fd, on) => void calls.push(`${fd} ${on}`));
  onTestFinished(() => spy.mockRestore());
  return calls;
}

describe("a device that its user moves", () => {
  const device = (more = {}) => ({
    name: "tsp1",
    nsFd: -1,
    attach: "tap" as const,
    addresses: { ipv4: ip("10.44.0.9") },
    mac: MAC,
    onGone: () => {},
    ...more,
  });

  it("has MAC and MTU, outlives us, and ends when it is removed", async () => {
    const persisted = persistence();
    const f = new SiteFixture();
    const { endpoints } = f.registry.add(SPEC);
    f.since();
    const made = endpoints.addDevice(device());
    expect(f.since()).toEqual([
      "open tsp1 in -1",
      'set 70 {"mac":"02:42:0a:2c:00:09","mtu":9000}',
      "attach tsp1 as endpoint tsp1 02:42:0a:2c:00:09 10.44.0.9 network 0",
    ]);
    expect(persisted.splice(0)).toEqual(["101 1"]);
    await made.remove();
    expect([f.since(), persisted.splice(0)]).toEqual([["detach tsp1", "close tsp1"], ["101 0"]]);
    await made.remove();
    expect([f.since(), persisted]).toEqual([[], []]);
  });

  it("is dismissed without waiting until the kernel has taken it down", async () => {
    const persisted = persistence();
    const f = new SiteFixture();
    const made = f.registry.add(SPEC).endpoints.addDevice(device());
    f.since();
    let closed: () => void = () => {};
    f.closing = new Promise((resolve) => {
      closed = resolve;
    });
    await made.dismiss();
    expect([f.since(), persisted]).toEqual([
      ["detach tsp1", "close tsp1"],
      ["101 1", "101 0"],
    ]);
    closed();
  });

  it.each([
    [0, 1],
    [1, 0],
  ])("is waited for by the network's end when its own has begun, or when it could not be made: %i, %i", async (...order) => {
    persistence();
    const spy = vi.spyOn(native, "tapName").mockReturnValue("tsp2");
    onTestFinished(() => spy.mockRestore());
    const f = new SiteFixture();
    const network = f.registry.add(SPEC);
    const made = network.endpoints.addDevice(device());
    const closing: (() => void)[] = [];
    const hold = (): void => {
      f.closing = new Promise((resolve) => void closing.push(resolve));
    };
    hold();
    const { gone } = await made.dismiss();
    hold();
    f.failing = "attach tsp2";
    expect(() => network.endpoints.addDevice(device({ name: "tsp2" }))).toThrow("cannot attach tsp2");
    await new Promise(setImmediate);
    f.closing = undefined;
    let isRemoved = false;
    const removed = f.registry.remove(network).then(() => {
      isRemoved = true;
    });
    for (const which of order) {
      await new Promise(setImmediate);
      expect(isRemoved).toBe(false);
      closing[which]!();
    }
    await Promise.all([removed, gone]);
  });

  it("is let go, and not ended, when the network closes", async () => {
    const persisted = persistence();
    const f = new SiteFixture();
    const network = f.registry.add(SPEC);
    network.endpoints.addDevice(device());
    f.since();
    await network.close();
    expect(f.since().slice(0, 2)).toEqual(["detach tsp1", "close tsp1"]);
    expect(persisted).toEqual(["101 1"]);
  });

  it("is taken up again as it is, unless it was made for one worker and there are several", () => {
    persistence();
    const f = new SiteFixture();
    const { endpoints } = f.registry.add(SPEC);
    f.since();
    endpoints.addDevice(device({ existing: { multiQueue: false } }));
    expect(f.since().filter((note) => note.startsWith("set"))).toEqual([]);
    expect(endpoints.multiQueue).toBe(false);
    f.workers = 2;
    expect(endpoints.multiQueue).toBe(true);
    endpoints.addDevice(device({ existing: { multiQueue: true } }));
    f.since();
    expect(() => endpoints.addDevice(device({ existing: { multiQueue: false } }))).toThrow(
      expect.objectContaining({ code: "TSP_ERR_ENDPOINT", kind: "conflict", message: "device 'tsp1' was made for one worker" }),
    );
    expect(f.since()).toEqual([]);
  });

  it("is gone again where it cannot be made whole", async () => {
    persistence();
    const spy = vi.spyOn(native, "tapName").mockReturnValue("tsp1");
    onTestFinished(() => spy.mockRestore());
    const f = new SiteFixture();
    const { endpoints } = f.registry.add(SPEC);
    for (const step of ['set 70 {"mac"', "attach"]) {
      f.since();
      f.failing = step;
      expect(() => endpoints.addDevice(device())).toThrow(`cannot ${step}`);
      await new Promise(setImmediate);
      expect(f.since().at(-1)).toBe("close tsp1");
    }
  });

  it("tells when it ended by itself, and can be removed then", async () => {
    const f = new SiteFixture();
    const spy = vi.spyOn(native, "tapPersist").mockImplementation((_, on) => {
      if (on === 0) throw new Error("EBADFD");
    });
    onTestFinished(() => spy.mockRestore());
    const onGone = vi.fn();
    const made = f.registry.add(SPEC).endpoints.addDevice(device({ onGone }));
    f.gone[0]!();
    expect(onGone).toHaveBeenCalledOnce();
    f.since();
    await made.remove();
    expect(f.since()).toEqual(["detach tsp1", "close tsp1"]);
  });
});

describe("a namespace", () => {
  it("that is our own is refused", () => {
    const f = new SiteFixture();
    const { endpoints } = f.registry.add(SPEC);
    f.since();
    const message = "--endpoint /proc/self/ns/net=10.44.0.9: that is the namespace tsproxy itself runs in";
    expect(() => endpoints.add({ netns: "/proc/self/ns/net", addresses: { ipv4: ip("10.44.0.9") } })).toThrow(
      expect.objectContaining({ code: "TSP_ERR_ENDPOINT", message }),
    );
    expect(f.since()).toEqual([]);
  });
});

describe("TAP devices as ports", () => {
  function ports(workers: number) {
    const told: unknown[] = [];
    const steered: string[] = [];
    const spy = vi.spyOn(native, "tapSteering").mockImplementation((fd, program) => void steered.push(`${fd} ${program}`));
    onTestFinished(() => spy.mockRestore());
    const numbers = new PortNumbers();
    const fake = {
      count: workers,
      addPort: (port: object, fds: readonly number[]) => told.push({ ...port, fds }),
      removePort: async (port: number) => void told.push(`remove ${port}`),
    };
    const steering = {
      queueFd: 77,
      tunnelQueueFd: 78,
      setInside: () => {},
      carriesInside: true,
      ends: {
        moved: { clear: () => {} },
        setHost: () => () => {},
        carry: (_network: number, { end }: { end: number }) =>
          end === 90 ? undefined : told.push(`carry ${end}`) && (() => told.push("carry no more")),
      },
    };
    return {
      taps: new TapPorts(fake as unknown as Workers, numbers, steering as unknown as Steering),
      numbers,
      told,
      steered,
    };
  }

  it("have a queue a worker, and a program that spreads new flows over them", () => {
    for (const workers of [1, 3]) {
      const { taps, steered } = ports(workers);
      opened.length = 0;
      expect(taps.open({ name: "x", nsFd: 5, existing: { multiQueue: true } }, new Undo()).fds).toHaveLength(workers);
      expect(opened).toEqual([{ name: "x", nsFd: 5, existing: { multiQueue: true }, queues: workers }]);
      expect(steered).toEqual(workers === 1 ? [] : ["200 77"]);
    }
  });

  it("that somebody deletes while they are opened are said to be deleted", () => {
    const { taps } = ports(3);
    vi.mocked(native.tapSteering).mockImplementation(() => {
      throw new Error("EBADFD");
    });
    const spy = vi.spyOn(native, "tapName").mockReturnValue("");
    onTestFinished(() => spy.mockRestore());
    expect(() => taps.open({ name: "x" }, new Undo())).toThrow(expect.objectContaining({ code: "TSP_ERR_NO_DEVICE" }));
  });

  it("have a number from when frames flow until they do no longer, and are closed last", async () => {
    const { taps, numbers, told } = ports(2);
    const undo = new Undo();
    const onGone = vi.fn();
    const tap = taps.open({ name: "x" }, undo);
    numbers.take({ name: "uplink", kind: "uplink" });
    taps.attach(tap, { kind: "host", name: "x", mac: MAC, addresses: [ip("10.44.0.3")], network: 4, device: 70 }, undo);
    taps.attach(
      tap,
      { kind: "endpoint", name: "y", address: "10.44.0.9", mac: MAC, addresses: [ip("10.44.0.5")], network: 6 },
      undo,
      onGone,
    );
    expect(told).toEqual([
      { port: 1, kind: HOST, mac: MAC, addresses: [ip("10.44.0.3")], network: 4, device: 70, fds: [200, 201] },
      { port: 2, kind: ENDPOINT, mac: MAC, addresses: [ip("10.44.0.5")], network: 6, device: 0, fds: [200, 201] },
    ]);
    expect(numbers.info(2)).toEqual({ port: 2, kind: "endpoint", name: "y", address: "10.44.0.9" });
    numbers.onGone(2);
    expect(onGone).toHaveBeenCalledOnce();
    closed.length = 0;
    await undo.run();
    expect([told.slice(2), numbers.all().map(({ name }) => name), closed]).toEqual([["remove 2", "remove 1"], ["uplink"], ["x"]]);
  });

  it("of endpoints on veth pairs are the kernel's to carry until they go, but not those with a limited bandwidth, or that it has no room for", async () => {
    const { taps, told } = ports(1);
    const undo = new Undo();
    const tap = taps.open({ name: "x", nsFd: 5, existing: { multiQueue: false } }, undo);
    const endpoint = { kind: "endpoint", name: "y", mac: MAC, addresses: [ip("10.44.0.5")], network: 6, device: 70 } as const;
    taps.attach(tap, endpoint, undo);
    taps.attach(tap, { ...endpoint, device: 80, bandwidth: { egress: { bitsPerSec: 1e6, burstBytes: 1e4 } } as never }, undo);
    taps.attach(tap, { ...endpoint, device: 90 }, undo);
    const loop = { kind: ENDPOINT, device: 0 };
    expect(told).toMatchObject(["carry 70", { kind: ENDPOINT, device: 70 }, loop, loop]);
    await undo.run();
    expect(told.slice(4)).toEqual(["remove 2", "remove 1", "remove 0", "carry no more"]);
  });
});
