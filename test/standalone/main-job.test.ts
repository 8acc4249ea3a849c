/** A start whose sweep fails after the links to devices were begun. */
import { beforeEach, expect, it, vi } from "vitest";
import { Controller } from "../../src/control/controller.js";
import { TsproxyError } from "../../src/errors.js";
import { sweep } from "../../src/model/sweep.js";
import { MainJob, type MainJobConfig } from "../../src/standalone/main-job.js";

vi.mock("../../src/control/controller.js", () => ({ Controller: { start: vi.fn() } }));
vi.mock("../../src/control/spare-memory.js", () => ({ giveBackSpareMemory: () => () => {} }));
vi.mock("../../src/model/sweep.js", () => ({ sweep: vi.fn() }));
vi.mock("../../src/api/server.js", () => ({ serveApi: async () => ({ info: {}, close: async () => {} }) }));

const stop = vi.fn(async () => {});
const discard = vi.fn();
const config = { publish: [], relay: false, offload: "auto", begun: { links: {}, maps: { discard } } } as unknown as MainJobConfig;

beforeEach(() => {
  vi.clearAllMocks();
  vi.mocked(Controller.start).mockResolvedValue({ stop } as unknown as Controller);
});

it("relays, with the dataplane undone, where the kernel does not let it sweep", async () => {
  vi.mocked(sweep).mockRejectedValue(new TsproxyError("TSP_ERR_BPF", "permission", "listing tc filters"));
  const job = await MainJob.start(config, () => {});
  expect(stop).toHaveBeenCalledOnce();
  expect(discard).toHaveBeenCalledOnce();
  expect(job.offload).toBeUndefined();
  await job.stop();
  expect(stop).toHaveBeenCalledOnce();
});

it("fails, with the dataplane undone, where sweeping fails otherwise", async () => {
  vi.mocked(sweep).mockRejectedValue(new Error("broken"));
  await expect(MainJob.start(config, () => {})).rejects.toThrow("broken");
  expect(stop).toHaveBeenCalledOnce();
});
