/** What a start begins. */
import { beforeEach, describe, expect, it, vi } from "vitest";
import { beginStart } from "../../src/control/begin.js";
import { parsePortSpec } from "../../src/control/port-spec.js";
import { beginMaps, type MapOptions } from "../../src/steer/maps.js";
import { hostFamilies } from "../../src/sys/host-families.js";

vi.mock("../../src/steer/maps.js", () => ({ beginMaps: vi.fn((options: MapOptions) => ({ options })) }));
vi.mock("../../src/sys/host-families.js", () => ({ hostFamilies: vi.fn(() => [4, 6]) }));
vi.mock("../../src/sys/ipv6-conf.js", () => ({ hasIpv6: () => true }));

const options = (text: string) => ({ publish: [parsePortSpec(text)], workers: 2, conntrackMax: 1000, offload: "auto" as const });

describe("beginStart", () => {
  beforeEach(() => void vi.clearAllMocks());

  it("begins the maps of all families", () => {
    const maps = beginStart(options("8999:172.17.0.4:8080"));
    expect(maps.options).toEqual({ flowCapacity: 1000, ipv6: true, offload: true, workers: 2 });
  });

  it("begins nothing for what the host cannot have", () => {
    vi.mocked(hostFamilies).mockReturnValueOnce([4]);
    expect(() => beginStart(options("[::]:8999:[fd00::4]:8080"))).toThrow("this host has no IPv6");
    expect(beginMaps).not.toHaveBeenCalled();
  });
});
