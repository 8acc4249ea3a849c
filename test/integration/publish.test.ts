/** A published port, from everywhere that should reach it: what the server sees, and what was translated. */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { type Case, forEachKind, onBoth } from "../support/cases.js";
import { connect, curl, dig, iperf3, ncHalfClose, ncUdp, REFUSED, udpClient, udpExchange } from "../support/clients.js";
import { serve, serveIperf } from "../support/servers.js";
import { ADDR } from "../support/topology.js";
import { VANTAGES } from "../support/vantages.js";

forEachKind((kind) => {
  for (const { name, from, at, seenAs } of VANTAGES) {
    onBoth(`serves TCP to ${name}`, kind, async (c) => {
      const running = await c.begin({ publish: ["8999:172.17.0.4:8080"] });
      const server = await serve(c.lab, c.c1, "http", 8080);
      const answer = await curl(c.lab, c[from], `${at}:8999`);
      expect(answer.code, answer.body).toBe(0);
      expect(JSON.parse(answer.body)).toMatchObject({ local: "172.17.0.4:8080", host: `${at}:8999` });
      expect(server.hosts).toEqual([seenAs]);
      expect(await running.created()).toBe(1);
    });

    onBoth(`serves UDP to ${name}`, kind, async (c) => {
      const running = await c.begin({ publish: ["8999:172.17.0.4:5300/udp"] });
      const server = await serve(c.lab, c.c1, "udp", 5300);
      // nc's socket is connected: an answer from any other address than the one it asked would not arrive
      expect(await ncUdp(c.lab, c[from], at, 8999, "hello")).toMatch(new RegExp(`^${seenAs}:\\d+ hello$`));
      expect(server.hosts).toEqual([seenAs]);
      expect(await running.created()).toBe(1);
    });
  }

  onBoth("keeps the client's source port, and shows the flow with both its directions", kind, async (c) => {
    const running = await c.begin({ publish: ["8999:172.17.0.4:8080"] });
    const server = await serve(c.lab, c.c1, "tcp", 8080);
    const connections = await connect(c.lab, c.client, ADDR.host, 8999, 1, `${ADDR.client}:40000`);
    await connections.exchange("ping");
    expect(server.peers).toEqual(["192.0.2.10:40000"]);
    expect(await running.flows()).toEqual([
      {
        proto: "tcp",
        original: { src: "192.0.2.10:40000", dst: "192.0.2.1:8999" },
        reply: { src: "172.17.0.4:8080", dst: "192.0.2.10:40000" },
      },
    ]);
  });

  onBoth("keeps apart host clients that use one source port at two addresses", kind, async (c) => {
    const running = await c.begin({ publish: ["8999:172.17.0.4:8080"] });
    const server = await serve(c.lab, c.c1, "tcp", 8080);
    const one = await connect(c.lab, c.host, "127.0.0.1", 8999, 1, "127.0.0.1:40000");
    const two = await connect(c.lab, c.host, ADDR.host, 8999, 1, `${ADDR.host}:40000`);
    await one.exchange("first");
    await two.exchange("second");
    expect(one.text()).toBe("first\n");
    expect(two.text()).toBe("second\n");
    expect(server.hosts).toEqual([ADDR.gateway, ADDR.gateway]);
    expect(new Set(server.peers).size).toBe(2);
    expect(await running.created()).toBe(2);
  });

  onBoth("carries datagrams in fragments, there and back", kind, async (c) => {
    const running = await c.begin({ publish: ["8999:172.17.0.4:5300/udp"] });
    await serve(c.lab, c.c1, "udp", 5300);
    // The last fragment of 2,961 bytes and their UDP header holds a byte: 1480 + 1480 + 1 - or, answered, more.
    for (const size of [2_953, 8_000, 60_000])
      for (const [from, at, seenAs] of [
        [c.client, ADDR.host, ADDR.client],
        [c.c2, ADDR.host, ADDR.gateway],
        [c.host, "127.0.0.1", ADDR.gateway],
      ] as const)
        expect(await udpExchange(c.lab, from, at, 8999, "x".repeat(size))).toMatch(new RegExp(`^${seenAs}:\\d+ x{${size}}$`));
    expect(await running.created()).toBe(9);
  });

  onBoth("answers dig", kind, async (c) => {
    await c.begin({ publish: ["5353:172.17.0.4:53/udp"] });
    await serve(c.lab, c.c1, "dns", 53);
    expect(await dig(c.lab, c.client, ADDR.host, 5353)).toMatch(/^192\.0\.2\.10:\d+$/);
    expect(await dig(c.lab, c.host, "127.0.0.1", 5353)).toMatch(/^172\.17\.0\.1:\d+$/);
    expect(await dig(c.lab, c.c2, ADDR.host, 5353)).toMatch(/^172\.17\.0\.1:\d+$/);
  });

  onBoth("publishes TCP and UDP of one port number to different targets", kind, async (c) => {
    await c.begin({ publish: ["8999:172.17.0.4:8080", "8999:172.17.0.5:5300/udp"] });
    const tcp = await serve(c.lab, c.c1, "http", 8080);
    const udp = await serve(c.lab, c.c2, "udp", 5300);
    await curl(c.lab, c.client, `${ADDR.host}:8999`);
    await ncUdp(c.lab, c.client, ADDR.host, 8999, "x");
    expect(tcp.hosts).toEqual([ADDR.client]);
    expect(udp.hosts).toEqual([ADDR.client]);
  });

  onBoth("publishes a range, each port to its partner and none beside it", kind, async (c) => {
    await c.begin({ publish: ["8000-8009:172.17.0.4:9000-9009"] });
    const first = await serve(c.lab, c.c1, "http", 9000);
    const last = await serve(c.lab, c.c1, "http", 9009);
    await serve(c.lab, c.c1, "http", 9010);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8000`)).peer).toMatch(/^192\.0\.2\.10:/);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8009`)).peer).toMatch(/^192\.0\.2\.10:/);
    expect((await curl(c.lab, c.client, `${ADDR.host}:8010`)).code).toBe(REFUSED);
    expect((await curl(c.lab, c.client, `${ADDR.host}:7999`)).code).toBe(REFUSED);
    expect([first.hosts, last.hosts]).toEqual([[ADDR.client], [ADDR.client]]);
  });

  onBoth("carries 50 MB each way intact", kind, async (c) => {
    const running = await c.begin({ publish: ["8999:172.17.0.4:8080"] });
    const { file, sha256 } = bigFile(c);
    await serve(c.lab, c.c1, "http", 8080, { FILE: file });
    for (const [ns, at] of [
      [c.client, ADDR.host],
      [c.host, "127.0.0.1"],
      [c.c2, ADDR.host],
    ] as const) {
      const copy = path.join(c.lab.dir, "copy");
      expect((await curl(c.lab, ns, `${at}:8999/file`, ["-o", copy])).code).toBe(0);
      expect(createHash("sha256").update(fs.readFileSync(copy)).digest("hex")).toBe(sha256);
      expect((await curl(c.lab, ns, `${at}:8999/file`, ["-T", file])).body).toBe(sha256);
    }
    expect(await running.created()).toBe(6);
  });

  onBoth("carries iperf3 both ways, over TCP and UDP", kind, async (c) => {
    await c.begin({ publish: ["5201:172.17.0.4:5201", "5201:172.17.0.4:5201/udp"] });
    await serveIperf(c.lab, c.c1, 5201);
    for (const args of [[], ["-R"], ["-u", "-b", "20M"], ["-u", "-b", "20M", "-R"]]) {
      const { error, received, lost } = await iperf3(c.lab, c.client, ADDR.host, 5201, args);
      expect(error).toBeUndefined();
      expect(received, args.join(" ")).toBeGreaterThan(1_000_000); // 20 Mbit/s for one second are 2.5 MB
      expect(lost, args.join(" ")).toBeLessThan(0.2); // a busy machine loses some in the receiver's socket
    }
  });

  onBoth("passes a half-close: the server answers after the client has shut its side", kind, async (c) => {
    await c.begin({ publish: ["8999:172.17.0.4:8080"] });
    await serve(c.lab, c.c1, "tcp", 8080);
    expect(await ncHalfClose(c.lab, c.client, ADDR.host, 8999, "hello\n")).toMatch(/^hello\nend 192\.0\.2\.10:\d+\n$/);
    expect(await ncHalfClose(c.lab, c.host, "127.0.0.1", 8999, "hello\n")).toMatch(/^hello\nend 172\.17\.0\.1:\d+\n$/);
  });

  onBoth("serves 200 connections at once", kind, async (c) => {
    const running = await c.begin({ publish: ["8999:172.17.0.4:8080"] });
    const server = await serve(c.lab, c.c1, "tcp", 8080);
    const connections = await connect(c.lab, c.client, ADDR.host, 8999, 200);
    await connections.exchange("ping", 200);
    expect(new Set(server.peers).size).toBe(200);
    expect(await running.created()).toBe(200);
    expect(await running.flows()).toHaveLength(200);
  });

  onBoth("lets a closed target refuse: RST for TCP, ICMP port unreachable for UDP", kind, async (c) => {
    await c.begin({ publish: ["8999:172.17.0.4:8080", "8999:172.17.0.4:8080/udp"] });
    for (const [ns, at] of [
      [c.client, ADDR.host],
      [c.host, "127.0.0.1"],
      [c.host, ADDR.host],
      [c.c2, ADDR.host],
    ] as const) {
      expect((await curl(c.lab, ns, `${at}:8999`)).code).toBe(REFUSED);
      // the socket is connected, so the kernel hands it the error only if the quoted header is that of its own datagram
      const udp = await udpClient(c.lab, ns, at, 8999);
      udp.write("hello\n");
      await udp.until("ECONNREFUSED", () => udp.events().some(({ code }) => code === "ECONNREFUSED"), 3_000);
    }
  });
});

/** 50 MB that do not compress and repeat nowhere. */
function bigFile({ lab }: Case): { file: string; sha256: string } {
  const bytes = randomBytes(50_000_000);
  const file = path.join(lab.dir, "big");
  fs.writeFileSync(file, bytes);
  return { file, sha256: createHash("sha256").update(bytes).digest("hex") };
}
