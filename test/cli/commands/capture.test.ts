import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createServer } from "node:http";
import path from "node:path";
import { Readable } from "node:stream";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { CapturedView } from "../../../src/api/capture-types.js";
import type { StreamAnswer } from "../../../src/api/http-server.js";
import type { StatsView } from "../../../src/api/types.js";
import { lineOf } from "../../../src/cli/capture/sink.js";
import { capture, notSeen } from "../../../src/cli/commands/capture.js";
import { buildProgram } from "../../../src/cli/program.js";
import { pcapngEncoder } from "../../../src/control/capture/encoders.js";
import { TsproxyError } from "../../../src/errors.js";
import { useInstances } from "../../support/instances.js";

const view: CapturedView = {
  time: "2026-11-26T13:22:01.123456Z",
  device: "eth0",
  outDevice: "tspup0",
  proto: "tcp",
  src: "192.0.2.10:40000",
  dst: "192.0.2.1:8999",
  newSrc: "192.0.2.10:40000",
  newDst: "172.17.0.4:8080",
  info: "[S], seq 1, win 64240, length 0",
  length: 54,
  verdict: "translated",
};
const { newSrc: _src, newDst: _dst, outDevice: _device, ...plain } = view;
const dropped: CapturedView = { ...plain, verdict: "dropped", reason: "source-refused", lost: 3 };

const stats: StatsView = {
  pid: 42,
  version: "1.2.3",
  uptimeSec: 1,
  mappings: [],
  ports: [],
  drops: {},
  flows: { active: 0, capacity: 1, created: 0, expired: 0, refused: 0 },
  steering: {},
};
const instance = useInstances();
let said = "";
beforeEach(() => {
  said = "";
  const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  return () => spy.mockRestore();
});

function answer(contentType: string, ...parts: Uint8Array[]): StreamAnswer {
  return Object.assign(Readable.from(parts), { contentType });
}

it("shows a packet a line, with what was decided, and says how many were lost", async () => {
  const asked: unknown[] = [];
  const lines = Buffer.from(`${JSON.stringify(view)}\n${JSON.stringify(dropped)}\n{"lost":1}\n`);
  await instance(42, "standalone", {
    stats: () => stats,
    capture: ({ query }) => {
      asked.push(query);
      return answer("application/x-ndjson", lines.subarray(0, 100), lines.subarray(100));
    },
  });
  let text = "";
  await capture({ pid: undefined, query: { port: "8999", format: "json" }, file: undefined, json: false }, (part, done) => {
    text += String(part);
    done?.();
  });
  expect(asked).toEqual([{ port: "8999", format: "json" }]);
  expect(text).toBe(`${lineOf(view)}\n${lineOf(dropped)}\n[1 packet lost]\n`);
  expect(lineOf(view)).toMatch(
    /^\d\d:\d\d:01\.123456 eth0 > tspup0 tcp 192\.0\.2\.10:40000 > 192\.0\.2\.1:8999 \[S\], seq 1, win 64240, length 0: translated to 192\.0\.2\.10:40000 > 172\.17\.0\.4:8080$/,
  );
  expect(lineOf(dropped)).toMatch(/^\[3 packets lost\]\n.* eth0 tcp .*: dropped \(source-refused\)$/);
  expect(said).toMatch(
    /^tsproxy: capturing packets of process 42; Ctrl-C ends it\ntsproxy: 2 packets captured, 4 lost as they came too fast: /,
  );
});

it.each([true, false])("ends at a signal, and says so when the reader of a pipe has not taken all (he has: %s)", async (takes) => {
  await instance(42, "standalone", {
    stats: () => stats,
    capture: () => Object.assign(new Readable({ read() {} }), { contentType: "application/x-ndjson" }),
  });
  const ended = capture({ pid: 42, query: {}, file: undefined, json: true }, (_, done) => void (takes && done?.()));
  await vi.waitFor(() => expect(said).toContain("Ctrl-C ends it"));
  process.emit("SIGINT");
  await ended;
  expect(said.includes("has not taken all of them")).toBe(!takes);
  expect(said).toContain("0 packets captured");
});

it("writes whole blocks alone into a file that only its owner may read, also when the instance ends in the middle of one", async () => {
  const encoder = pcapngEncoder(() => ({ name: "eth0", kind: "" }), "test", 262_144);
  const frame = { port: 0, device: 2, length: 60, bytes: new Uint8Array(60) };
  const packet = encoder.packet({ verdict: "forwarded", reason: undefined, lost: 2, seconds: 1, nanoseconds: 0, in: frame, out: frame });
  const whole = Buffer.concat([encoder.begin(), packet]);
  await instance(42, "standalone", {
    stats: () => stats,
    capture: () => answer("application/x-pcapng", whole.subarray(0, 50), whole.subarray(50), packet.subarray(0, 30)),
  });
  const file = path.join(process.env.TSPROXY_RUN_DIR!, "out.pcapng");
  await capture({ pid: 42, query: {}, file, json: false });
  expect(fs.readFileSync(file).equals(whole)).toBe(true);
  expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  expect(said).toContain("1 packet captured, 2 lost");
  let out = Buffer.alloc(0);
  await capture({ pid: 42, query: {}, file: "-", json: false }, (part, done) => {
    out = Buffer.concat([out, Buffer.from(part)]);
    done?.();
  });
  expect(out.equals(whole)).toBe(true);
});

describe("a named pipe", () => {
  const encoder = pcapngEncoder(() => ({ name: "eth0", kind: "" }), "test", 262_144);
  const streams: StreamAnswer[] = [];
  let file = "";
  beforeEach(async () => {
    streams.length = 0;
    file = path.join(process.env.TSPROXY_RUN_DIR!, "pipe");
    execFileSync("mkfifo", [file]);
    await instance(42, "standalone", {
      stats: () => stats,
      capture: ({ query: { client } }) => {
        if (client === "x") throw new TsproxyError("TSP_ERR_OPTION", "invalid", "client 'x': not an address or a network");
        const stream = Object.assign(new Readable({ read() {} }), { contentType: "application/x-pcapng" });
        streams.push(stream);
        return stream;
      },
    });
  });
  const begin = (): Promise<void> => capture({ pid: 42, query: {}, file, json: false });
  const running = (): StreamAnswer[] => streams.filter(({ destroyed }) => !destroyed);
  const reader = (): number => fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);

  it("that nobody reads is waited for, while nothing is captured; a signal ends that", async () => {
    const ended = begin();
    await vi.waitFor(() => expect(said).toContain(`${file} is a named pipe that nobody reads: waiting for a reader; Ctrl-C ends it`));
    await vi.waitFor(() => expect(running()).toEqual([]));
    process.emit("SIGINT");
    await ended;
    expect(said).toMatch(/tsproxy: 0 packets captured\n$/);
  });

  it("gets whole blocks once somebody reads it, and the capture ends with whoever does", async () => {
    const ended = begin();
    await vi.waitFor(() => expect(said).toContain("waiting for a reader"));
    const fd = reader();
    await vi.waitFor(() => expect(said).toContain("capturing packets of process 42"));
    const [stream] = running();
    stream!.push(encoder.begin());
    const bytes = Buffer.alloc(encoder.begin().length);
    await vi.waitFor(() => expect(fs.readSync(fd, bytes)).toBe(bytes.length));
    expect(bytes.equals(encoder.begin())).toBe(true);
    fs.closeSync(fd);
    stream!.push(encoder.begin());
    await ended;
    expect(said).toContain(`what reads ${file} has ended, and the capture with it`);
    await vi.waitFor(() => expect(running()).toEqual([]));
  });

  it("that is read by one who takes nothing keeps no signal out", async () => {
    const fd = reader();
    onTestFinished(() => fs.closeSync(fd));
    const ended = begin();
    await vi.waitFor(() => expect(said).toContain("capturing packets of process 42"));
    const frame = { port: 0, device: 2, length: 100_000, bytes: new Uint8Array(100_000) }; // more than a pipe holds
    const packet = encoder.packet({ verdict: "forwarded", reason: undefined, lost: 0, seconds: 1, nanoseconds: 0, in: frame, out: frame });
    running()[0]!.push(packet);
    await vi.waitFor(() => expect(fs.readSync(fd, Buffer.alloc(1))).toBe(1));
    process.emit("SIGINT");
    await ended;
    expect(said).toContain(`what reads ${file} has not taken all of them`);
  });

  it("is not waited for where the request is wrong", async () => {
    await expect(capture({ pid: 42, query: { client: "x" }, file, json: false })).rejects.toThrow(
      "client 'x': not an address or a network",
    );
    expect(said).toBe("");
  });
});

it("asks for Docker's network by its id, where the instance knows none of that name, and says when it is gone", async () => {
  const dockerd = createServer(
    (request, response) =>
      void response.end(request.url === "/networks" ? '[{"Id":"abc","Name":"shop"},{"Id":"def","Name":"kernels"}]' : "[]"),
  );
  const socket = path.join(process.env.TSPROXY_RUN_DIR!, "docker.sock");
  dockerd.listen(socket);
  vi.stubEnv("DOCKER_HOST", `unix://${socket}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
    dockerd.close();
  });
  const asked: unknown[] = [];
  await instance(42, "standalone", {
    stats: () => stats,
    capture: ({ query: { network } }) => {
      asked.push(network);
      if (network !== "abc") throw new TsproxyError("TSP_ERR_CAPTURE", "not-found", `network '${network}': there is none of that name`);
      return answer("application/x-ndjson");
    },
  });
  const of = (network: string): Promise<void> =>
    capture({ pid: 42, query: { network }, file: undefined, json: true }, (_, done) => done?.());
  await of("shop");
  await expect(of("other")).rejects.toThrow("network 'other': there is none of that name");
  await expect(of("kernels")).rejects.toThrow(/^network 'kernels': Docker has it, and tsproxy has no part in it$/);
  expect(asked).toEqual(["shop", "abc", "other", "kernels", "def"]);
  expect(said).toContain("network 'shop' is gone, and the capture with it");
});

it("says what the instance says that is wrong, and ends a capture whose file cannot be written", async () => {
  const stream = answer("application/x-pcapng");
  const given = [stream];
  await instance(42, "standalone", {
    stats: () => stats,
    capture: () => {
      const next = given.pop();
      if (next === undefined) throw new TsproxyError("TSP_ERR_CAPTURE", "conflict", "8 captures run already", "end one of them");
      return next;
    },
  });
  const [options, file] = [{ pid: 42, query: {}, json: false }, "/nowhere/f"];
  await expect(capture({ ...options, file })).rejects.toMatchObject({
    code: "TSP_ERR_CAPTURE",
    message: "cannot write /nowhere/f (ENOENT)",
  });
  await vi.waitFor(() => expect(stream.destroyed).toBe(true));
  given.push(answer("application/x-pcapng", pcapngEncoder(() => ({ name: "eth0", kind: "" }), "test", 262_144).begin()));
  await expect(capture({ ...options, file: "/dev/full" })).rejects.toMatchObject({ message: "cannot write /dev/full (ENOSPC)" });
  await expect(capture({ ...options, file: undefined })).rejects.toMatchObject({
    code: "TSP_ERR_CAPTURE",
    message: "8 captures run already",
  });
});

it("names what the instance does not see", () => {
  const mapping = { hostIp: "0.0.0.0", targetIp: "172.17.0.4", targetPort: 80, targetPortEnd: 80, proto: "tcp" } as const;
  const relayed = { ...mapping, hostPort: 80, hostPortEnd: 89, via: "relay" } as const;
  const seen = { ...stats, mappings: [relayed, { ...mapping, hostPort: 99, hostPortEnd: 99, via: "dataplane" } as const] };
  expect(notSeen(seen, {})).toEqual([expect.stringMatching(/80-89.* is relayed by sockets and not seen here/)]);
  expect(notSeen(seen, { port: "85" })).toHaveLength(1);
  expect(notSeen(seen, { port: "99" })).toEqual([]);
});

it.each([
  [["--count", "0"], /--count '0'/],
  [["-s", "63"], /--snapshot-length '63'/],
  [["--seconds", "x"], /--seconds 'x'/],
  [["--json", "-w", "f"], /leave one of both out/],
  [["-w", ""], /the name of a file is missing/],
])("refuses %j before it asks anybody", async (args, message) => {
  await expect((await buildProgram()).parseAsync(["node", "tsproxy", "capture", ...args])).rejects.toThrow(message);
});
