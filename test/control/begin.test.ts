/** What a start begins. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { beginStart, discardBegun } from "../../src/control/begin.js";
import { parsePortSpec } from "../../src/control/port-spec.js";
import { beginMaps, type MapOptions } from "../../src/steer/maps.js";
import { hostFamilies } from "../../src/sys/host-families.js";
import { native } from "../../src/sys/native.js";

vi.mock("../../src/steer/maps.js", () => ({ beginMaps: vi.fn((options: MapOptions) => ({ options, discard: vi.fn() })) }));
vi.mock("../../src/sys/host-families.js", () => ({ hostFamilies: vi.fn(() => [4, 6]) }));
vi.mock("../../src/control/worker-thread.js", () => ({
  WorkerThread: class {
    discard = vi.fn();
  },
}));
vi.mock("../../src/sys/native.js", () => ({ native: { descriptorRoom: vi.fn(async () => 0) } }));
vi.mock("../../src/sys/ipv6-conf.js", () => ({ hasIpv6: () => true }));

const options = (text: string) => ({ publish: [parsePortSpec(text)], workers: 2, conntrackMax: 1000, offload: "auto" as const });

describe("beginStart", () => {
  beforeEach(() => void vi.clearAllMocks());

  it("begins the maps of all families", () => {
    const { maps } = beginStart(options("8000-8009:172.17.0.4:8080-8089"));
    expect(maps.options).toEqual({ flowCapacity: 1000, ipv6: true, offload: true, workers: 2, fixedPorts: 10 });
  });

  it("begins a thread a worker, and ends what nobody has taken", async () => {
    const begun = beginStart(options("8999:172.17.0.4:8080"));
    expect(begun.threads).toHaveLength(2);
    await discardBegun(begun);
    expect(begun.maps.discard).toHaveBeenCalledOnce();
    for (const thread of begun.threads) expect(thread.discard).toHaveBeenCalledOnce();
  });

  it("begins nothing for what the host cannot have", () => {
    vi.mocked(hostFamilies).mockReturnValueOnce([4]);
    expect(() => beginStart(options("[::]:8999:[fd00::4]:8080"))).toThrow("this host has no IPv6");
    expect(beginMaps).not.toHaveBeenCalled();
    expect(native.descriptorRoom).not.toHaveBeenCalled();
  });
});
