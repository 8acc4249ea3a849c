/** A client of one family and a target of the other (RFC 7915), with real programs: whole files, so segmentation offload too. */
import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { addressPort } from "../../src/wire/address-port.js";
import { forEachKind, onTsproxy } from "../support/cases.js";
import { curl, udpExchange } from "../support/clients.js";
import { serve } from "../support/servers.js";
import { ADDR, ADDR6, addIpv6, NETWORK, NETWORK6 } from "../support/topology.js";
import { startInstance } from "../support/tsproxy.js";

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

forEachKind((kind) => {
  onTsproxy("an IPv6 client of an IPv4 target, and the reverse: TCP both ways, UDP, programs of the host", kind, async (c) => {
    addIpv6(c);
    const endpoints = ["--network", `${NETWORK},${NETWORK6}`, "--endpoint", `${c.c1}=${ADDR.c1},${ADDR6.c1}`];
    const ports = [
      `[::]:8999:${ADDR.c1}:8080`,
      `0.0.0.0:9000:[${ADDR6.c1}]:8081`,
      `[::]:8999:${ADDR.c1}:5300/udp`,
      `0.0.0.0:9000:[${ADDR6.c1}]:5301/udp`,
    ];
    await startInstance(c.lab, c.host, [...(c.containers === "own" ? endpoints : []), ...ports.flatMap((text) => ["-p", text])]);
    const file = path.join(c.lab.dir, "file");
    fs.writeFileSync(file, randomBytes(4 << 20));
    const is = hash(fs.readFileSync(file));
    const copy = path.join(c.lab.dir, "copy");
    const four = await serve(c.lab, c.c1, "http", 8080, { LISTEN: ADDR.c1, FILE: file });
    const six = await serve(c.lab, c.c1, "http", 8081, { LISTEN: ADDR6.c1, FILE: file });
    await serve(c.lab, c.c1, "udp", 5300, { LISTEN: ADDR.c1 });
    await serve(c.lab, c.c1, "udp", 5301, { LISTEN: ADDR6.c1 });
    for (const [ns, at, port, masked] of [
      [c.client, ADDR6.host, 8999, ADDR.gateway],
      [c.host, "::1", 8999, ADDR.gateway],
      [c.client, ADDR.host, 9000, ADDR6.gateway],
      [c.host, "127.0.0.1", 9000, ADDR6.gateway],
    ] as const) {
      const url = addressPort(at, port);
      expect((await curl(c.lab, ns, `${url}/file`, ["-o", copy])).code, url).toBe(0);
      expect(hash(fs.readFileSync(copy)), url).toBe(is);
      expect((await curl(c.lab, ns, `${url}/file`, ["-T", file])).body, url).toBe(is);
      expect(await udpExchange(c.lab, ns, at, port, "hello"), url).toMatch(new RegExp(`^${masked}:\\d+ hello$`));
    }
    expect([new Set(four.hosts), new Set(six.hosts)]).toEqual([new Set([ADDR.gateway]), new Set([ADDR6.gateway])]);
  });
});
