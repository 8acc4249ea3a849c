/** What a start begins, and how what nobody takes of it ends. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { beginStart } from "../../src/control/begin.js";
import { parsePortSpec } from "../../src/control/port-spec.js";
import { beginMaps, type MapOptions } from "../../src/steer/maps.js";
import { hostFamilies } from "../../src/sys/host-families.js";

const ended = vi.hoisted(() => ({ maps: 0, threads: 0 }));

vi.mock("../../src/steer/maps.js", () => ({
  beginMaps: vi.fn((options: MapOptions) => ({ options, discard: () => ended.maps++ })),
}));
vi.mock("../../src/sys/host-families.js", () => ({ hostFamilies: vi.fn(() => [4, 6]) }));
vi.mock("../../src/sys/ipv6-conf.js", () => ({ hasIpv6: () => true }));
vi.mock("node:worker_threads", () => ({
  Worker: class {
    async terminate(): Promise<void> {
      ended.threads++;
    }
  },
}));

const options = (text: string) => ({ publish: [parsePortSpec(text)], workers: 2, conntrackMax: 1000, offload: "auto" as const });

describe("beginStart", () => {
  beforeEach(() => {
    vi.clearAllMocks();
    Object.assign(ended, { maps: 0, threads: 0 });
  });

  it("begins maps and threads, and ends what was not taken", () => {
    const { maps, workers, discard } = beginStart(options("8999:172.17.0.4:8080"));
    expect(maps.options).toEqual({ flowCapacity: 1000, ipv6: true, offload: true, workers: 2 });
    expect(workers).toHaveLength(2);
    workers[0]!.take();
    discard();
    expect(ended).toEqual({ maps: 1, threads: 1 });
  });

  it("begins nothing for what the host cannot have", () => {
    vi.mocked(hostFamilies).mockReturnValueOnce([4]);
    expect(() => beginStart(options("[::]:8999:[fd00::4]:8080"))).toThrow("this host has no IPv6");
    expect(beginMaps).not.toHaveBeenCalled();
  });
});
