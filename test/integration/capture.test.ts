/** `tsproxy capture`: who captures a flow gets all of it, whoever carried it before, and says why a packet does not arrive. */
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import type { CapturedView } from "../../src/api/capture-types.js";
import { type Case, onTsproxy, skipUnlessReadableByNobody } from "../support/cases.js";
import { type Connections, connect, curl, udpExchange } from "../support/clients.js";
import { eventually, type Proc } from "../support/proc.js";
import { serve } from "../support/servers.js";
import { ADDR, NETWORK } from "../support/topology.js";
import { launch, networkArgs, startInstance, type TsproxyProcess, tsproxy } from "../support/tsproxy.js";

const PORT = 8999;
const SIZE = 8_000_000;

/** Begins a capture, and waits until all that follows is in it. */
async function capturing({ lab, host }: Case, args: string[]): Promise<Proc> {
  const proc = launch(lab, host, ["capture", ...args]);
  return proc.until("the capture", () => proc.stderr.includes("Ctrl-C ends it"));
}

/** Ends it as a user does. */
async function end(proc: Proc): Promise<string> {
  const { code, stdout, stderr } = await proc.stop("SIGINT");
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/\d+ packets? captured\n$/) as string });
  return stdout;
}

const seen = (proc: Proc): CapturedView[] => proc.events() as unknown as CapturedView[];

/** First and last sequence number of a TCP segment with data. */
function numbers({ info }: CapturedView): [first: number, next: number] | undefined {
  const found = /seq (\d+):(\d+)/.exec(info);
  return found === null ? undefined : [Number(found[1]), Number(found[2])];
}

/** Bytes of data that the segments have in all, each of which begins where the one before ended. */
function inOnePiece(segments: CapturedView[]): number {
  const all = segments.flatMap((each) => [numbers(each)].filter((n) => n !== undefined));
  for (let k = 1; k < all.length; k++) expect(all[k]![0], `segment ${k} of ${all.length}`).toBe(all[k - 1]![1]);
  return all.reduce((sum, [first, next]) => sum + ((next - first) >>> 0), 0);
}

async function exchanges(connections: Connections, word: string, count = 10): Promise<string[]> {
  const lines = Array.from({ length: count }, (_, n) => `${word}${n}.`);
  for (const line of lines) await connections.exchange(line);
  return lines;
}

const isCarried = async (instance: TsproxyProcess): Promise<boolean> => (await instance.flowViews()).some(({ offloaded }) => offloaded);
const carriedPackets = async (instance: TsproxyProcess): Promise<number> => (await instance.stats()).steering!.offloaded!;

onTsproxy(
  "a capture begun in the middle of a carried connection has every packet from then on, and then it is carried again",
  "kernel",
  async (c) => {
    const { lab, host, client, c1, c2 } = c;
    const args = [
      "-p",
      `${PORT}:${ADDR.c1}:8080`,
      "-p",
      `9000:${ADDR.c1}:9000`,
      "--allow-from",
      `${ADDR.client}/32`,
      "--offload",
      "always",
    ];
    const instance = await startInstance(lab, host, args);
    await serve(lab, c1, "tcp", 8080);
    const connections = await connect(lab, client, ADDR.host, PORT);
    await exchanges(connections, "before");
    expect(await isCarried(instance)).toBe(true);

    const file = path.join(lab.dir, "capture.pcapng");
    const [text, json, kept, other] = await Promise.all([
      capturing(c, ["--port", String(PORT)]),
      capturing(c, ["--json", "--client", ADDR.client]),
      capturing(c, ["-w", file]),
      capturing(c, ["--json", "--port", "9000"]),
    ]);
    expect(await isCarried(instance)).toBe(false);
    const before = await carriedPackets(instance);
    const lines = (await exchanges(connections, "while")).join("");
    await eventually("the answers are shown", () => seen(json).filter(({ src }) => src === `${ADDR.c1}:8080`).length >= 10);
    expect(await carriedPackets(instance)).toBe(before);

    // Both ways without a gap, as they came in and as they went out.
    const fromClient = seen(json).filter(({ dst }) => dst === `${ADDR.host}:${PORT}`);
    const fromTarget = seen(json).filter(({ src }) => src === `${ADDR.c1}:8080`);
    expect(inOnePiece(fromClient)).toBe(lines.length + 10); // and a newline each
    expect(inOnePiece(fromTarget)).toBe(inOnePiece(fromClient));
    expect(fromClient[0]).toMatchObject({ verdict: "translated", device: "eth0", newDst: `${ADDR.c1}:8080`, proto: "tcp" });
    expect(fromTarget[0]).toMatchObject({ verdict: "translated", outDevice: "eth0", newSrc: `${ADDR.host}:${PORT}` });
    const [shown] = (await end(text)).split("\n");
    expect(shown).toMatch(
      /^\d\d:\d\d:\d\d\.\d{6} eth0 > tspup0 tcp 192\.0\.2\.10:\d+ > 192\.0\.2\.1:8999 \[P\.\], seq \d+:\d+, ack \d+, win \d+, length \d+: translated to 192\.0\.2\.10:\d+ > 172\.17\.0\.4:8080$/,
    );
    await Promise.all([json, kept, other].map(end));
    expect(seen(other)).toEqual([]);
    const read = lab.runSync(host, ["tcpdump", "-nn", "-r", file, "tcp"]);
    for (const way of [`> ${ADDR.host}.${PORT}:`, `> ${ADDR.c1}.8080:`, `${ADDR.c1}.8080 >`, `${ADDR.host}.${PORT} >`])
      expect(read).toContain(way);
    expect(fs.statSync(file).mode & 0o077).toBe(0);

    // It is carried again, and goes on; also after a client of the API that was killed.
    expect(await isCarried(instance)).toBe(true);
    await exchanges(connections, "after");
    const later = await carriedPackets(instance);
    expect(later).toBeGreaterThan(before);
    const killed = await capturing(c, ["-w", "-"]);
    expect(await isCarried(instance)).toBe(false);
    killed.signal("SIGKILL");
    await eventually("it is carried again", () => isCarried(instance));
    await exchanges(connections, "last");
    expect(await carriedPackets(instance)).toBeGreaterThan(later);
    expect(connections.closed).toEqual([]);

    // What is dropped, and why: the neighbor is not among those who may.
    const drops = await capturing(c, ["--drops", "--port", String(PORT), "-c", "1"]);
    const refused = curl(lab, c2, `${ADDR.host}:${PORT}`, ["--max-time", "1"]);
    const { code, stdout } = await drops.finish(8_000);
    expect({ code, stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(/172\.17\.0\.5:\d+ > 192\.0\.2\.1:8999 \[S\].*: dropped \(source-refused\)\n$/) as string,
    });
    await refused;

    // Wrong words change nothing.
    const wrong = [
      [["--port", "0"], /port '0': not a port: use 1 to 65535/],
      [["--network", "shop"], /network 'shop': there is none of that name/],
      [["-w", "/nowhere/f"], /cannot write \/nowhere\/f \(ENOENT\)/],
    ] as const;
    const refusals = await Promise.all(wrong.map(([args]) => tsproxy(lab, host, ["capture", ...args])));
    for (const [k, { code, stderr }] of refusals.entries()) {
      expect(stderr).toMatch(wrong[k]![1]);
      expect(code).toBeGreaterThan(0);
    }
    expect(await isCarried(instance)).toBe(true);
    await instance.stop();
  },
);

onTsproxy("a bulk transfer that is captured on and off arrives as it was sent", "kernel", async (c) => {
  const { lab, host, client, c1 } = c;
  const instance = await startInstance(lab, host, ["-p", `${PORT}:${ADDR.c1}:8080`, "--offload", "always"]);
  const sent = path.join(lab.dir, "file");
  const bytes = Buffer.alloc(SIZE);
  for (let i = 0; i < SIZE; i += 4) bytes.writeUInt32LE(Math.imul(i, 0x9e3779b1) >>> 0, i);
  fs.writeFileSync(sent, bytes);
  await serve(lab, c1, "http", 8080, { FILE: sent });
  const got = path.join(lab.dir, "got");
  const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");
  const hash = sha256(bytes);
  let isOver = false;
  const transfers = async (): Promise<void> => {
    while (!isOver) {
      expect((await curl(lab, client, `${ADDR.host}:${PORT}/file`, ["-o", got])).code).toBe(0);
      expect(sha256(fs.readFileSync(got))).toBe(hash);
    }
  };
  const captures = async (): Promise<void> => {
    for (let n = 0; n < 2; n++) {
      const file = path.join(lab.dir, `${n}.pcapng`);
      const { code, stderr } = await tsproxy(lab, host, ["capture", "-w", file, "--target", ADDR.c1, "-c", "50"]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/50 packets captured/) as string });
      expect(lab.runSync(host, ["tcpdump", "-nn", "-r", file, "src", ADDR.c1]).split("\n").length).toBeGreaterThan(10);
    }
    isOver = true;
  };
  await Promise.all([transfers(), captures()]);
  expect((await instance.stats()).drops).toEqual({});
});

/** python3 -c … ADDRESS PORT: a datagram every 5 ms, of one flow. */
const DATAGRAMS = `
import socket, sys, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect((sys.argv[1], int(sys.argv[2])))
while True: s.send(b"x"); time.sleep(0.005)
`;

onTsproxy(
  "datagrams are shown with the addresses that they came with, also by a capture that begins as another ends",
  "kernel",
  async (c) => {
    const { lab, host, client, c1 } = c;
    const instance = await startInstance(lab, host, ["-p", `${PORT}:${ADDR.c1}:8080/udp`, "--offload", "always"]);
    await serve(lab, c1, "udp", 8080);
    lab.start(client, ["python3", "-c", DATAGRAMS, ADDR.host, String(PORT)]);
    await eventually("it is carried", () => isCarried(instance));
    await end(await capturing(c, ["-w", "/dev/null"]));
    const file = path.join(lab.dir, "second.pcapng");
    const { code } = await (await capturing(c, ["-w", file, "-c", "200"])).finish(10_000);
    expect(code).toBe(0);
    const macOf = (ns: string): string =>
      (JSON.parse(lab.runSync(ns, ["ip", "-j", "link", "show", "eth0"])) as { address: string }[])[0]!.address;
    const read = lab.runSync(host, ["tcpdump", "-e", "-nn", "-r", file, "udp", "dst", "port", String(PORT)]);
    const shown = [...read.matchAll(/^\S+ (\S+ > \S+), ethertype/gm)].map((found) => found[1]!);
    const zeros = "00:00:00:00:00:00 > 00:00:00:00:00:00"; // on its way when the capture began
    expect(shown.filter((each) => each !== zeros).length).toBeGreaterThan(50);
    expect(shown.filter((each) => each !== zeros && each !== `${macOf(client)} > ${macOf(host)}`)).toEqual([]);
  },
);

/** On veth pairs, whose packets the kernel carries; and on TAPs, where two workers have them. */
for (const way of ["veth", "tap"])
  onTsproxy(`what endpoints of an own network send each other, and get by a published port, is captured (${way})`, "own", async (c) => {
    const { lab, host, client, c1, c2 } = c;
    const attach = way === "tap" ? ["--attach", "tap", "--workers", "2"] : [];
    const instance = await startInstance(lab, host, [...networkArgs(c), "-p", `${PORT}:${ADDR.c1}:8080`, ...attach]);
    await Promise.all([serve(lab, c1, "tcp", 8080), serve(lab, c1, "udp", 53)]);
    const [inside, outside] = [await connect(lab, c2, ADDR.c1, 8080), await connect(lab, client, ADDR.host, PORT)];
    await Promise.all([exchanges(inside, "before"), exchanges(outside, "before")]);
    const capture = await capturing(c, ["--json", "--network", NETWORK]);
    const [lines] = await Promise.all([exchanges(inside, "while"), exchanges(outside, "while")]);
    await udpExchange(lab, c2, ADDR.c1, 53, "question");
    const sum = lines.join("\n").length + 1;
    const of = (src: string, dst: string): CapturedView[] =>
      seen(capture).filter((each) => each.src.startsWith(src) && each.dst.startsWith(dst));
    await eventually("all of it is shown", () => of(`${ADDR.c1}:53`, ADDR.c2).length === 1);
    expect(inOnePiece(of(`${ADDR.c2}:`, `${ADDR.c1}:8080`))).toBe(sum);
    expect(inOnePiece(of(`${ADDR.c1}:8080`, `${ADDR.c2}:`))).toBe(sum);
    expect(inOnePiece(of(`${ADDR.client}:`, `${ADDR.host}:${PORT}`))).toBe(sum);
    expect(inOnePiece(of(`${ADDR.c1}:8080`, `${ADDR.client}:`))).toBe(sum);
    expect(of(`${ADDR.c2}:`, `${ADDR.c1}:53`)[0]).toMatchObject({ verdict: "forwarded", device: `${c2}/eth0`, outDevice: `${c1}/eth0` });
    // The first packet passes the host's firewall, and is the flow's all the same.
    const later = await connect(lab, client, ADDR.host, PORT);
    await eventually("the connection is shown", () => of(`${ADDR.c1}:8080`, ADDR.client).some(({ info }) => info.startsWith("[S.]")));
    expect(of(`${ADDR.client}:`, `${ADDR.host}:${PORT}`).find(({ info }) => info.startsWith("[S]"))).toMatchObject({
      verdict: "translated",
      newDst: `${ADDR.c1}:8080`,
    });
    await exchanges(later, "later", 1);
    await end(capture);
    await Promise.all([exchanges(inside, "after"), exchanges(outside, "after")]);
    if (way === "tap") return;
    const carried = await carriedPackets(instance);
    await exchanges(outside, "last");
    expect(await carriedPackets(instance)).toBeGreaterThan(carried);
  });

onTsproxy(
  "who may not use the control socket may not capture; of the socket relay nothing is shown, and that is said",
  "kernel",
  async (c) => {
    skipUnlessReadableByNobody(c);
    const { lab, host } = c;
    const instance = await startInstance(lab, host, ["-p", `${PORT}:${ADDR.c1}:8080`, "--relay"]);
    const nobody = await tsproxy(lab, host, ["capture"], { wrap: ["setpriv", "--reuid", "65534", "--clear-groups"] });
    expect(nobody).toMatchObject({ code: 1, stdout: "", stderr: expect.stringContaining("may not open") as string });
    const relayed = await tsproxy(lab, host, ["capture"]);
    expect(relayed).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/relays by sockets, and sees no packets: 'tcpdump'/) as string,
    });
    await instance.stop();
  },
);
