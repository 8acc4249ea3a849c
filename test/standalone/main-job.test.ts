/** A start whose sweep fails when maps are begun. */
import { beforeEach, expect, it, vi } from "vitest";
import { Controller } from "../../src/control/controller.js";
import { TsproxyError } from "../../src/errors.js";
import { sweep } from "../../src/model/sweep.js";
import { MainJob, type MainJobConfig } from "../../src/standalone/main-job.js";

vi.mock("../../src/control/controller.js", () => ({ Controller: { start: vi.fn() } }));
vi.mock("../../src/control/spare-memory.js", () => ({ giveBackSpareMemory: () => () => {} }));
vi.mock("../../src/model/sweep.js", () => ({ sweep: vi.fn() }));
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
