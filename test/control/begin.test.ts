/** What a start begins, and that what cannot be begun is left to the start itself. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { beginStart } from "../../src/control/begin.js";
import { parsePortSpec } from "../../src/control/port-spec.js";
import { beginMaps, type MapOptions } from "../../src/steer/maps.js";
import { hostFamilies } from "../../src/sys/host-families.js";

const made = vi.hoisted(() => ({ open: new Set<string>(), hasTcx: true, failsAt: "" }));
const make = vi.hoisted(() => (what: string) => {
  if (made.failsAt === what) throw new Error(`no ${what}`);
  made.open.add(what);
  return { [what]: what };
});

vi.mock("../../src/steer/maps.js", () => ({ beginMaps: vi.fn((options: MapOptions) => ({ options })) }));
vi.mock("../../src/sys/host-families.js", () => ({ hostFamilies: vi.fn(() => [4, 6]) }));
vi.mock("../../src/sys/ipv6-conf.js", () => ({ hasIpv6: () => true }));
vi.mock("../../src/control/devices-to-steer.js", () => ({ devicesToSteer: () => [{ ifindex: 2, arphrdType: 1 }] }));
vi.mock("../../src/sys/rtnetlink.js", () => ({
  RouteSocket: class {
    constructor() {
      make("socket");
    }
    close(): void {
      made.open.delete("socket");
    }
  },
}));
vi.mock("../../src/control/uplink.js", () => ({
  openUplinks: (count: number, _: unknown, undo: { add(what: string, undo: () => void): void }) => {
    make("uplink");
    undo.add("uplink", () => made.open.delete("uplink"));
    return { uplinks: Array.from({ length: count }, (_, i) => ({ ifindex: 10 + i })), areFormer: false };
  },
}));
vi.mock("../../src/steer/prepared-links.js", () => ({
  placesFor: (devices: { ifindex: number }[]) => devices.map(({ ifindex }) => ifindex),
  PreparedLinks: class {
    readonly hasTcx = made.hasTcx;
    constructor(readonly places: readonly number[]) {
      make("links");
    }
    release(): void {
      made.open.delete("links");
    }
  },
}));

const options = (text: string) => ({ publish: [parsePortSpec(text)], workers: 2, conntrackMax: 1000, offload: "auto" as const });

describe("beginStart", () => {
  beforeEach(() => {
    vi.clearAllMocks();
    Object.assign(made, { open: new Set(), hasTcx: true, failsAt: "" });
  });

  it("begins maps, uplinks and links, which end together", async () => {
    const { maps, links } = beginStart(options("8999:172.17.0.4:8080"));
    expect(maps.options).toEqual({ flowCapacity: 1000, ipv6: true, offload: true, workers: 2 });
    expect(links?.uplinks).toHaveLength(2);
    expect(links?.prepared).toMatchObject({ places: [2] });
    expect([...made.open]).toEqual(["socket", "uplink", "links"]);
    await links?.undo.run();
    expect([...made.open]).toEqual([]);
  });

  it("begins nothing for what the host cannot have", () => {
    vi.mocked(hostFamilies).mockReturnValueOnce([4]);
    expect(() => beginStart(options("[::]:8999:[fd00::4]:8080"))).toThrow("this host has no IPv6");
    expect(beginMaps).not.toHaveBeenCalled();
    expect([...made.open]).toEqual([]);
  });

  it.each(["socket", "uplink", "links"])("leaves the links to the start, and nothing open, when there is no %s", async (what) => {
    made.failsAt = what;
    expect(beginStart(options("8999:172.17.0.4:8080"))).toMatchObject({ maps: { options: { flowCapacity: 1000 } }, links: undefined });
    await vi.waitFor(() => expect([...made.open]).toEqual([]));
  });

  it("leaves them to it where the kernel has no TCX", async () => {
    made.hasTcx = false;
    expect(beginStart(options("8999:172.17.0.4:8080")).links).toBeUndefined();
    await vi.waitFor(() => expect([...made.open]).toEqual([]));
  });
});
