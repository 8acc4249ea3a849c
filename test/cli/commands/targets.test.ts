import { expect, it, onTestFinished, vi } from "vitest";
import type { TargetView } from "../../../src/api/types.js";
import { showTargets, targetsCommand } from "../../../src/cli/commands/targets.js";
import { useInstances, written } from "../../support/instances.js";

const port = { hostIps: ["0.0.0.0", "::"], hostPort: 80, hostPortEnd: 80, proto: "tcp" as const };
const targets: TargetView[] = [
  { ...port, targetIp: "172.18.0.2", targetPort: 8080, targetPortEnd: 8080, state: "up", checked: true, flows: 12 },
  { ...port, targetIp: "fd00::3", targetPort: 9090, targetPortEnd: 9090, state: "draining", checked: false, flows: 0 },
];
const instance = useInstances();

it("shows targets with their state and flows", async () => {
  await instance(42, "standalone", { targets: () => targets });
  expect(await written((write) => showTargets({ json: false, pid: undefined }, write))).toBe(
    [
      "PORT                   TARGET           STATE     CHECKED  FLOWS",
      "0.0.0.0:80,[::]:80/tcp  172.18.0.2:8080  up        yes         12",
      "0.0.0.0:80,[::]:80/tcp  [fd00::3]:9090   draining  no           0",
      "",
    ]
      .join("\n")
      .replace("PORT                 ", "PORT                  "),
  );
});

it("has one drained for a time, and resumed", async () => {
  const asked: unknown[] = [];
  const output = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  onTestFinished(() => output.mockRestore());
  const note = ({ body }: { body: unknown }) => {
    asked.push(body);
    return { changed: 1 };
  };
  await instance(42, "standalone", { drainTargets: note, resumeTargets: note });
  const run = (...words: string[]) => targetsCommand().parseAsync(words, { from: "user" });
  await run("--drain", "172.18.0.2", "--time", "5m", "--json");
  await run("--drain", "172.18.0.2", "--json");
  await run("--resume", "172.18.0.2:8080", "--json");
  expect(asked).toEqual([{ target: "172.18.0.2", timeSec: 300 }, { target: "172.18.0.2" }, { target: "172.18.0.2:8080" }]);
  await expect(run("--time", "5m")).rejects.toThrow("--time: it is for --drain");
  await expect(run("--drain", "a", "--resume", "b")).rejects.toThrow("one at a time");
});
