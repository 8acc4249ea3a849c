/** A start whose sweep fails when maps are begun. */
import { beforeEach, expect, it, vi } from "vitest";
import { Controller } from "../../src/control/controller.js";
import { parsePortSpec } from "../../src/control/port-spec.js";
import { TsproxyError } from "../../src/errors.js";
import { sweep } from "../../src/model/sweep.js";
import { MainJob, type MainJobConfig } from "../../src/standalone/main-job.js";
import { hostFamilies } from "../../src/sys/host-families.js";

vi.mock("../../src/control/controller.js", () => ({ Controller: { start: vi.fn() } }));
vi.mock("../../src/control/spare-memory.js", () => ({ giveBackSpareMemory: () => () => {} }));
vi.mock("../../src/model/sweep.js", () => ({ sweep: vi.fn() }));
vi.mock("../../src/sys/host-families.js", () => ({ hostFamilies: vi.fn(() => [4, 6]) }));
vi.mock("../../src/api/server.js", () => ({ serveApi: async () => ({ info: {}, close: async () => {} }) }));

const discard = vi.fn();
const config = { publish: [], relay: false, offload: "auto", begun: { maps: { discard }, threads: [] } } as unknown as MainJobConfig;

beforeEach(() => void vi.clearAllMocks());

it("relays, with the maps that were begun ended, where the kernel does not let it sweep", async () => {
  vi.mocked(sweep).mockRejectedValue(new TsproxyError("TSP_ERR_BPF", "permission", "listing tc filters"));
  const job = await MainJob.start(config, () => {});
  expect(Controller.start).not.toHaveBeenCalled();
  expect(discard).toHaveBeenCalledOnce();
  expect(job.offload).toBeUndefined();
  await job.stop();
});

it("fails, with the maps that were begun ended, where sweeping fails otherwise", async () => {
  vi.mocked(sweep).mockRejectedValue(new Error("broken"));
  await expect(MainJob.start(config, () => {})).rejects.toThrow("broken");
  expect(discard).toHaveBeenCalledOnce();
});

it("fails, with the maps that were begun ended, where the host has not the family of a port any more", async () => {
  vi.mocked(hostFamilies).mockReturnValueOnce([4]);
  const publish = [parsePortSpec("[::]:8999:[fd00::4]:8080")];
  await expect(MainJob.start({ ...config, publish }, () => {})).rejects.toThrow("this host has no IPv6");
  expect(discard).toHaveBeenCalledOnce();
});
