import { expect, it, onTestFinished, vi } from "vitest";
import type { FlowView } from "../../../src/api/types.js";
import { endFlows, flowsCommand, showFlows } from "../../../src/cli/commands/flows.js";
import { useInstances, written } from "../../support/instances.js";

const flows: FlowView[] = [
  {
    proto: "tcp",
    state: "established",
    original: { src: "10.0.0.2:40000", dst: "10.0.0.1:8999" },
    reply: { src: "172.17.0.4:8080", dst: "10.0.0.2:40000" },
    timeoutSec: 7439.5,
    offloaded: true,
    packets: [12, 9],
  },
  {
    proto: "icmp",
    state: "unreplied",
    original: { src: "172.17.0.4:7", dst: "1.1.1.1:7" },
    reply: { src: "1.1.1.1:7", dst: "10.0.0.1:61000" },
    timeoutSec: 30,
    offloaded: false,
    packets: [1, 0],
  },
];
const instance = useInstances();
const ALL = { json: false, pid: undefined };

it("shows both sides of each flow as a table", async () => {
  await instance(42, "standalone", { flows: () => flows });
  expect(await written((write) => showFlows({}, ALL, write))).toBe(
    [
      "PROTO  STATE                  ORIGINAL SRC    ORIGINAL DST   REPLY SRC        REPLY DST       TIMEOUT  PACKETS  REPLIES",
      "tcp    established,offloaded  10.0.0.2:40000  10.0.0.1:8999  172.17.0.4:8080  10.0.0.2:40000  2h 3m         12        9",
      "icmp   unreplied              172.17.0.4:7    1.1.1.1:7      1.1.1.1:7        10.0.0.1:61000  30s            1        0",
      "",
    ].join("\n"),
  );
});

it("prints JSON as it came, of the instance that is named", async () => {
  await instance(42, "standalone", { flows: () => flows });
  await instance(43, "standalone", { flows: () => [] });
  expect(JSON.parse(await written((write) => showFlows({}, { json: true, pid: 42 }, write)))).toEqual(flows);
});

it("asks for the flows of a client or of a port, and has them ended", async () => {
  const asked: unknown[] = [];
  await instance(42, "standalone", {
    flows: ({ query }) => {
      asked.push(query);
      return flows.slice(0, 1);
    },
    endFlows: ({ query }) => {
      asked.push(query);
      return { ended: asked.length };
    },
  });
  expect(await written((write) => showFlows({ client: "10.0.0.0/8" }, ALL, write))).toContain("10.0.0.2:40000");
  expect(await written((write) => endFlows({ client: "10.0.0.2", port: "8999" }, ALL, write))).toBe("2 flows ended\n");
  expect(await written((write) => endFlows({ all: "1" }, { json: true, pid: 42 }, write))).toBe('{\n  "ended": 3\n}\n');
  expect(asked).toEqual([{ client: "10.0.0.0/8" }, { client: "10.0.0.2", port: "8999" }, { all: "1" }]);
});

it("--delete --all asks for all of them", async () => {
  const asked: unknown[] = [];
  await instance(42, "standalone", { endFlows: ({ query }) => ({ ended: asked.push(query) }) });
  const output = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  onTestFinished(() => output.mockRestore());
  await flowsCommand().parseAsync(["--delete", "--all"], { from: "user" });
  expect(output.mock.calls.map(([text]) => text)).toEqual(["1 flow ended\n"]);
  expect(asked).toEqual([{ all: "1" }]);
});
