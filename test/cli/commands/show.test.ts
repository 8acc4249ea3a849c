import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import type net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { FdbView, FlowView, StatsView } from "../../../src/api/types.js";
import { formatBytes, formatDuration, showFdb, showFlows, showStats } from "../../../src/cli/commands/show.js";

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
const fdb: FdbView[] = [
  { mac: "02:42:ac:11:00:04", port: 2, name: "eth0", ageSec: 61, static: false },
  { mac: "02:42:ac:11:00:01", port: 10, name: "tsp0", ageSec: 0, static: true },
];
const stats: StatsView = {
  pid: 42,
  version: "1.2.3",
  uptimeSec: 3725,
  mappings: [
    {
      hostIp: "0.0.0.0",
      hostPort: 8999,
      hostPortEnd: 8999,
      targetIp: "172.17.0.4",
      targetPort: 8080,
      targetPortEnd: 8080,
      proto: "tcp",
      via: "dataplane",
    },
  ],
  ports: [
    { port: 0, name: "tspup0", kind: "uplink", rxPackets: 5, rxBytes: 999, txPackets: 1234, txBytes: 1500000, drops: {} },
    {
      port: 1,
      name: "eth0",
      kind: "endpoint",
      address: "172.17.0.4",
      rxPackets: 7,
      rxBytes: 0,
      txPackets: 8,
      txBytes: 1,
      drops: { ttl: 1, "no-route": 3 },
    },
  ],
  drops: { ttl: 1, "no-route": 3 },
  flows: { active: 2, capacity: 262144, created: 10, expired: 8, refused: 0 },
  steering: { taken: 12 },
};

let dir: string;
const servers: net.Server[] = [];
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "tsp-run-"));
  process.env.TSPROXY_RUN_DIR = dir;
});
afterEach(async () => {
  delete process.env.TSPROXY_RUN_DIR;
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))));
  rmSync(dir, { recursive: true });
});

async function instance(pid: number, listener: http.RequestListener = answer): Promise<void> {
  const server = http.createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path.join(dir, `${pid}.sock`), resolve));
}

const answer: http.RequestListener = ({ url = "" }, response) => {
  const views: Record<string, unknown> = { "/v1/flows": flows, "/v1/fdb": fdb, "/v1/stats": stats };
  response.writeHead(url in views ? 200 : 404).end(JSON.stringify(views[url]));
};

async function printed(show: typeof showFlows, options: { json?: boolean; pid?: number } = {}): Promise<string> {
  let text = "";
  await show({ json: options.json ?? false, pid: options.pid }, (part) => {
    text += part;
  });
  return text;
}

describe("tables of a running instance", () => {
  it("shows flows", async () => {
    await instance(42);
    expect(await printed(showFlows)).toBe(
      [
        "PROTO  STATE                  ORIGINAL SRC    ORIGINAL DST   REPLY SRC        REPLY DST       TIMEOUT  PACKETS  REPLIES",
        "tcp    established,offloaded  10.0.0.2:40000  10.0.0.1:8999  172.17.0.4:8080  10.0.0.2:40000  2h 3m         12        9",
        "icmp   unreplied              172.17.0.4:7    1.1.1.1:7      1.1.1.1:7        10.0.0.1:61000  30s            1        0",
        "",
      ].join("\n"),
    );
  });

  it("shows the FDB", async () => {
    await instance(42);
    expect(await printed(showFdb)).toBe(
      ["MAC                PORT  NAME  AGE", "02:42:ac:11:00:04     2  eth0  1m 1s", "02:42:ac:11:00:01    10  tsp0  static", ""].join(
        "\n",
      ),
    );
  });

  it("shows statistics", async () => {
    await instance(42);
    expect(await printed(showStats)).toBe(
      [
        "tsproxy 1.2.3, pid 42, up 1h 2m",
        "",
        "MAPPING                              VIA",
        "0.0.0.0:8999 -> 172.17.0.4:8080/tcp  dataplane",
        "",
        "PORT    KIND      ADDRESS     RX PACKETS  RX BYTES  TX PACKETS  TX BYTES  DROPS",
        "tspup0  uplink    -                    5  999 B           1234  1.5 MB    none",
        "eth0    endpoint  172.17.0.4           7  0 B                8  1 B       no-route 3, ttl 1",
        "",
        "Flows:     2 of 262144 (10 created, 8 expired, 0 refused)",
        "Drops:     no-route 3, ttl 1",
        "Steering:  taken 12",
        "",
      ].join("\n"),
    );
  });

  it.each([
    [showFlows, flows],
    [showFdb, fdb],
    [showStats, stats],
  ])("prints JSON as it came", async (show, view) => {
    await instance(42);
    expect(JSON.parse(await printed(show, { json: true }))).toEqual(view);
  });

  it("shows headings alone when there is nothing", async () => {
    await instance(42, (_request, response) => response.end("[]"));
    expect(await printed(showFdb)).toBe("MAC  PORT  NAME  AGE\n");
  });
});

it.each([
  [0, "0 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [999_949, "999.9 kB"],
  [999_950, "1.0 MB"],
  [1_234_567_890, "1.2 GB"],
])("writes %d bytes as %s", (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text);
});

it.each([
  [0.9, "0s"],
  [60, "1m 0s"],
  [3599, "59m 59s"],
  [3600, "1h 0m"],
  [432_000, "5d 0h"],
])("writes %d seconds as %s", (seconds, text) => {
  expect(formatDuration(seconds)).toBe(text);
});
