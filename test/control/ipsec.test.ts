/** The host's IPsec policies, where the kernel does not let them be read. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Ipsec } from "../../src/control/ipsec.js";
import type { Workers } from "../../src/control/workers.js";
import { setLogSink } from "../../src/log.js";
import type { Steering } from "../../src/steer/steering.js";
import { protectedNetworks } from "../../src/sys/xfrm.js";
import { prefix } from "../support/ip.js";

const drain = vi.hoisted(() => vi.fn(() => true));
vi.mock("../../src/sys/xfrm.js", () => ({
  protectedNetworks: vi.fn(() => []),
  PolicyMonitor: class {
    readonly fd = 9;
    readonly drain = drain;
    close(): void {}
  },
}));

const setIpsec = vi.fn();
const warnings: string[] = [];
beforeEach(() => {
  vi.useFakeTimers();
  vi.clearAllMocks();
  warnings.length = 0;
  setLogSink((_, message) => warnings.push(message));
});
afterEach(() => {
  vi.useRealTimers();
  setLogSink(() => {});
});

const watch = (): Ipsec => Ipsec.watch({ watch: () => {} } as unknown as Workers, { setIpsec } as unknown as Steering);

it("reads them once more in a second, as often as it fails, and leaves in force what it has read", () => {
  const ipsec = watch();
  expect(setIpsec).toHaveBeenCalledExactlyOnceWith([]);
  drain.mockImplementationOnce(() => {
    throw new Error("recv failed");
  });
  vi.mocked(protectedNetworks).mockImplementationOnce(() => {
    throw new Error("no memory");
  });
  ipsec.onReadable();
  vi.advanceTimersByTime(1000);
  expect(warnings.map((text) => text.split(": ").at(-1))).toEqual(["recv failed", "no memory"]);
  expect(setIpsec).toHaveBeenCalledTimes(1);
  vi.mocked(protectedNetworks).mockReturnValueOnce([prefix("10.9.0.0/16")]);
  vi.advanceTimersByTime(1000);
  expect(setIpsec).toHaveBeenLastCalledWith([prefix("10.9.0.0/16")]);
});

it("is not put off by failing again before that", () => {
  const ipsec = watch();
  drain.mockImplementation(() => {
    throw new Error("recv failed");
  });
  for (let i = 0; i < 4; i++) {
    ipsec.onReadable();
    vi.advanceTimersByTime(300);
  }
  drain.mockReset();
  expect(setIpsec).toHaveBeenCalledTimes(2);
});

it("reads nothing any more once it is closed", () => {
  const ipsec = watch();
  drain.mockImplementationOnce(() => {
    throw new Error("recv failed");
  });
  ipsec.onReadable();
  ipsec.close();
  vi.advanceTimersByTime(2000);
  ipsec.onReadable();
  expect(setIpsec).toHaveBeenCalledTimes(1);
});
