import { expect, it, onTestFinished, vi } from "vitest";
import { attachKind } from "../../../src/control/network/attach.js";
import { VethSupport } from "../../../src/control/network/veth-support.js";
import { log } from "../../../src/log.js";

it("a kernel without veth pairs is asked again with each endpoint, and said once; one that has them is asked once", () => {
  const warn = vi.spyOn(log, "warn").mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const answers = [false, false, true];
  const veths = new VethSupport({ hasVeth: () => answers.shift()! });
  expect([veths.has, veths.has, veths.has, veths.has]).toEqual([false, false, true, true]);
  expect(warn.mock.calls).toEqual([[expect.stringMatching(/no veth pairs: endpoints hang on TAPs.*modprobe veth/)]]);
});

it("a device is what was asked for, whatever the kernel has; by itself a veth pair only where that pays", () => {
  const never = (): never => {
    throw new Error("asked");
  };
  expect([attachKind("veth", never), attachKind("tap", never)]).toEqual(["veth", "tap"]);
  expect([attachKind("auto", () => true), attachKind(undefined, () => false)]).toEqual(["veth", "tap"]);
});
