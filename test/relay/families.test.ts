/** The relay where one side is IPv6, or both: what packets cannot do where the engine has no IPv6. */
import dgram from "node:dgram";
import { once } from "node:events";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { Relay, type RelayHandle, type RelayOptions } from "../../src/relay/relay.js";
import { prefix } from "../support/ip.js";
import { relaySpec } from "./relay-spec.js";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Says who connects; its port. */
async function tcpServer(host: string): Promise<number> {
  const server = net.createServer((socket) => socket.end(`from ${socket.remoteAddress}`)).listen(0, host);
  await once(server, "listening");
  cleanups.push(() => server.close());
  return (server.address() as AddressInfo).port;
}

async function relay(text: string, families: (4 | 6)[], options?: RelayOptions): Promise<RelayHandle> {
  const handle = await Relay.start(relaySpec(text, families), options);
  cleanups.push(() => handle.close());
  return handle;
}

/** What the server says; the error's code where it says nothing. */
async function ask(host: string, port: number): Promise<string> {
  const socket = net.connect({ host, port });
  cleanups.push(() => socket.destroy());
  const chunks: Buffer[] = [];
  return new Promise((resolve) => {
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("end", () => resolve(Buffer.concat(chunks).toString()));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => resolve(code ?? ""));
  });
}

describe("a relay", () => {
  it("leads clients of both families to a target of IPv4, by one port", async () => {
    const { hostPort } = await relay(`:127.0.0.1:${await tcpServer("127.0.0.1")}`, [4, 6]);
    expect([await ask("127.0.0.1", hostPort), await ask("::1", hostPort)]).toEqual(["from 127.0.0.1", "from 127.0.0.1"]);
  });

  it("leads clients of both families to a target of IPv6", async () => {
    const { hostPort } = await relay(`:[::1]:${await tcpServer("::1")}`, [4, 6]);
    expect([await ask("127.0.0.1", hostPort), await ask("::1", hostPort)]).toEqual(["from ::1", "from ::1"]);
  });

  it("takes one family alone where one is named", async () => {
    const port = await tcpServer("127.0.0.1");
    const ipv6 = await relay(`[::]::127.0.0.1:${port}`, [4, 6]);
    expect([await ask("::1", ipv6.hostPort), await ask("127.0.0.1", ipv6.hostPort)]).toEqual(["from 127.0.0.1", "ECONNREFUSED"]);
    const ipv4 = await relay(`0.0.0.0:${ipv6.hostPort}:127.0.0.1:${port}`, [4, 6]);
    expect(await ask("127.0.0.1", ipv4.hostPort)).toBe("from 127.0.0.1");
  });

  it("answers UDP of both families", async () => {
    const target = dgram.createSocket("udp4").bind(0, "127.0.0.1");
    await once(target, "listening");
    cleanups.push(() => target.close());
    target.on("message", (text, { port }) => target.send(`got ${text}`, port, "127.0.0.1"));
    const { hostPort } = await relay(`:127.0.0.1:${target.address().port}/udp`, [4, 6]);
    for (const [type, host] of [
      ["udp4", "127.0.0.1"],
      ["udp6", "::1"],
    ] as const) {
      const client = dgram.createSocket(type);
      cleanups.push(() => client.close());
      client.send("hello", hostPort, host);
      const [answer, from] = (await once(client, "message")) as [Buffer, dgram.RemoteInfo];
      expect([String(answer), from.address]).toEqual(["got hello", host]);
    }
  });

  it("picks the first port of a range that is free in both families, and none where one is taken in either", async () => {
    const taken = net.createServer().listen({ host: "::1", port: 0 });
    await once(taken, "listening");
    cleanups.push(() => taken.close());
    const { port } = taken.address() as AddressInfo;
    const target = await tcpServer("127.0.0.1");
    const { hostPort } = await relay(`${port}-${port + 9}:127.0.0.1:${target}`, [4, 6]);
    expect(hostPort).toBeGreaterThan(port);
    await expect(relay(`${port}:127.0.0.1:${target}`, [4, 6])).rejects.toMatchObject({
      code: "TSP_ERR_PORT_TAKEN",
      message: expect.stringContaining(`host port [::]:${port}/tcp is taken by`),
    });
    const ipv4 = await relay(`0.0.0.0:${port}:127.0.0.1:${target}`, [4, 6]); // nothing is left of the one that failed
    expect(await ask("127.0.0.1", ipv4.hostPort)).toBe("from 127.0.0.1");
  });

  it("asks allowFrom about clients of either family", async () => {
    const target = await tcpServer("127.0.0.1");
    const { hostPort } = await relay(`:127.0.0.1:${target}`, [4, 6], { allowFrom: [prefix("::1/128"), prefix("10.0.0.0/8")] });
    expect([await ask("::1", hostPort), await ask("127.0.0.1", hostPort)]).toEqual(["from 127.0.0.1", "ECONNRESET"]);
  });

  it("names an interface that is not there", async () => {
    for (const proto of ["tcp", "udp"])
      await expect(relay(`[fe80::1%nosuch0]::127.0.0.1:1/${proto}`, [6])).rejects.toMatchObject({
        code: "TSP_ERR_HOST_ADDRESS",
        message: "fe80::1%nosuch0 is not an address of this host",
      });
  });
});
