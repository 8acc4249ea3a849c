/** On a /proc made of files. */
import fs from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, expect, it } from "vitest";
import { Dockerd } from "../../../src/cli/doctor/dockerd-process.js";

const SOCKET = "/var/run/docker.sock";
let proc = "";

beforeEach(() => {
  proc = fs.mkdtempSync(path.join(tmpdir(), "tsp-proc-"));
  fs.writeFileSync(path.join(proc, "stat"), "cpu 1 2 3\nbtime 1700000000\n");
  return () => fs.rmSync(proc, { recursive: true });
});

interface Fake {
  comm: string;
  args?: string[];
  parent?: number;
  /** Inodes of its sockets; undefined: this user may not look. */
  sockets?: number[];
  environment?: string[];
  startedTicks?: number;
}

function process(pid: number, { comm, args = [], parent = 1, sockets, environment = [], startedTicks = 0 }: Fake): void {
  const dir = path.join(proc, String(pid));
  fs.mkdirSync(path.join(dir, "net"), { recursive: true });
  const write = (name: string, text: string): void => fs.writeFileSync(path.join(dir, name), text);
  write("comm", `${comm}\n`);
  write("cmdline", args.map((arg) => `${arg}\0`).join(""));
  write("environ", environment.map((word) => `${word}\0`).join(""));
  // The name may hold anything: the fields after it are found from the last bracket on.
  write("stat", `${pid} (a) b (c) S ${[parent, ...Array(17).fill(0), startedTicks, 0, 0].join(" ")}`);
  write(
    "net/unix",
    `Num RefCount Protocol Flags Type St Inode Path
00000000f: 00000002 00000000 00010000 0001 01 111 /run/docker.sock
00000000e: 00000003 00000000 00000000 0001 03 222 /run/docker.sock
00000000d: 00000002 00000000 00010000 0001 01 333 /tmp/other.sock
`,
  );
  if (sockets === undefined) return;
  fs.mkdirSync(path.join(dir, "fd"));
  for (const [fd, inode] of sockets.entries()) fs.symlinkSync(`socket:[${inode}]`, path.join(dir, "fd", String(fd)));
}

it("finds the dockerd that listens on the socket, whichever of the two names of /run it has", () => {
  process(5, { comm: "dockerd", sockets: [333] });
  process(6, { comm: "dockerd", sockets: [222, 111], args: ["dockerd", "-H", "fd://"], startedTicks: 12_345 });
  process(7, { comm: "systemd", sockets: [111] });
  expect(new Dockerd(proc).find(SOCKET)).toEqual({
    pid: 6,
    startedAt: (1_700_000_000 + 123.45) * 1000,
    args: ["dockerd", "-H", "fd://"],
    runDir: undefined,
    proxies: [],
  });
  expect(new Dockerd(proc).find("/tmp/none.sock")).toBeUndefined();
});

it("takes the only one for it when this user may not look at its descriptors, and none of two", () => {
  process(5, { comm: "dockerd" });
  expect(new Dockerd(proc).find(SOCKET)?.pid).toBe(5);
  process(6, { comm: "dockerd" });
  expect(new Dockerd(proc).find(SOCKET)).toBeUndefined();
});

it("does not take another one for it when it may look", () => {
  process(5, { comm: "dockerd", sockets: [333] });
  expect(new Dockerd(proc).find(SOCKET)).toBeUndefined();
});

it("knows where proxies look for the daemon when nothing says so, unless this user may not look", () => {
  process(5, { comm: "dockerd", sockets: [111], environment: ["PATH=/bin"] });
  expect(new Dockerd(proc).find(SOCKET)?.runDir).toBe("/run/tsproxy");
  process(5, { comm: "dockerd", environment: [] });
  expect(new Dockerd(proc).find(SOCKET)?.runDir).toBeUndefined();
});

it("knows the proxies that it started, and where they look for the daemon", () => {
  process(5, { comm: "dockerd", sockets: [111], environment: ["PATH=/bin", "TSPROXY_RUN_DIR=/tmp/run"] });
  process(8, { comm: "docker-proxy", parent: 5, args: ["/usr/bin/docker-proxy", "-proto", "tcp", "-container-ip", "172.17.0.2"] });
  process(9, { comm: "containerd", parent: 5, args: ["containerd"] });
  process(10, { comm: "docker-proxy", parent: 4, args: ["/usr/bin/docker-proxy", "-container-ip", "172.17.0.2"] });
  expect(new Dockerd(proc).find(SOCKET)).toMatchObject({ runDir: "/tmp/run", proxies: ["/usr/bin/docker-proxy"] });
});

it("sees files through dockerd's root folder: their text, when they changed, what program they are", () => {
  process(5, { comm: "dockerd", sockets: [111] });
  const root = path.join(proc, "5/root");
  fs.mkdirSync(path.join(root, "etc"), { recursive: true });
  fs.writeFileSync(path.join(root, "etc/daemon.json"), "{}");
  fs.utimesSync(path.join(root, "etc/daemon.json"), 1, 1); // an old file that was moved there counts as changed now
  fs.writeFileSync(path.join(root, "ours"), "\x7fELF\0docker-proxy (commit tsproxy) version\0", { mode: 0o755 });
  fs.writeFileSync(path.join(root, "theirs"), "\x7fELF\0docker-proxy (commit %s)\0", { mode: 0o755 });
  fs.writeFileSync(path.join(root, "data"), "docker-proxy (commit tsproxy)", { mode: 0o644 });
  const dockerd = new Dockerd(proc);
  const found = dockerd.find(SOCKET)!;
  const { text, changedAt } = dockerd.readAs(found, "/etc/daemon.json");
  expect(text).toBe("{}");
  expect(Date.now() - changedAt).toBeLessThan(60_000);
  expect(() => dockerd.readAs(found, "/etc/none.json")).toThrow(expect.objectContaining({ code: "ENOENT" }));
  expect(["/ours", "/theirs", "/data", "/none"].map((file) => dockerd.programAs(found, file))).toEqual([
    "launcher",
    "other",
    "absent",
    "absent",
  ]);
});

it("tells whether dockerd sees the same file", () => {
  process(5, { comm: "dockerd", sockets: [111] });
  const dockerd = new Dockerd(proc);
  const found = dockerd.find(SOCKET)!;
  const file = path.join(proc, "a.sock");
  fs.writeFileSync(file, "");
  fs.symlinkSync("/", path.join(proc, "5/root"));
  expect(dockerd.seesSame(found, file)).toBe(true);
  fs.rmSync(path.join(proc, "5/root"));
  fs.mkdirSync(path.join(proc, "5/root"));
  expect(dockerd.seesSame(found, file)).toBe(false);
});
