/** Programs that carry are put onto endpoints' devices while these come and go, and nobody waits for that: it must not fail. */
import fs from "node:fs";
import { beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { setLogSink } from "../../src/log.js";
import type { Attacher } from "../../src/steer/attach.js";
import { EndpointEnds } from "../../src/steer/endpoint-ends.js";
import type { MapFds } from "../../src/steer/program.js";
import * as bpf from "../../src/sys/bpf.js";

const open = (): number => fs.openSync("/dev/null", "r");
vi.mock("../../src/sys/bpf.js", async (original) => ({
  ...(await original<typeof bpf>()),
  createMap: vi.fn(() => open()),
  loadProgram: vi.fn(() => open()),
  now: vi.fn(() => open()),
  apart: vi.fn(),
  updateElement: vi.fn(),
  deleteElement: vi.fn(),
}));

/** Devices that got another program. */
let replaced: number[] = [];
/** Devices that go just then. */
let going: number[] = [];
let said: string[] = [];

beforeEach(() => {
  [replaced, going, said] = [[], [], []];
});

/** With endpoints at the ends 10 and 20. */
function ends(): EndpointEnds {
  setLogSink((_, message) => said.push(message));
  const attachOwn = (ifindex: number) => ({
    mode: "clsact",
    detach: () => {},
    replace: () => {
      if (going.includes(ifindex)) throw new Error("ENODEV");
      replaced.push(ifindex);
      return true;
    },
  });
  const offload = () => ({ ipv4: true, ipv6: true });
  const made = new EndpointEnds({ attachOwn } as unknown as Attacher, { moved: -1 } as MapFds, {}, offload);
  for (const end of [10, 20]) made.attach({ end, tap: end + 1 });
  onTestFinished(() => {
    setLogSink(() => {});
    made.close();
  });
  return made;
}

it("those that are there get them when one goes just then", async () => {
  const all = ends();
  vi.mocked(bpf.apart).mockResolvedValueOnce(-1);
  going = [10];
  await all.loadOffload();
  expect(replaced).toEqual([20]);
  expect(said).toEqual(["what an endpoint sends is not carried by the kernel: ENODEV"]);
});

it("all keep those that they have when the kernel refuses both", async () => {
  const all = ends();
  vi.mocked(bpf.apart).mockRejectedValueOnce(new Error("EPERM"));
  await all.loadOffload();
  expect(replaced).toEqual([]);
  expect(said).toEqual(["what endpoints send is not carried by the kernel: EPERM"]);
});
