import { spawn } from "node:child_process";
import dgram from "node:dgram";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import net, { type AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import * as owner from "../../src/sys/port-owner.js";
import { parseIp } from "../../src/wire/ip-address.js";

const portOwner = (proto: "tcp" | "udp", address: string, port: number): string | null => owner.portOwner(proto, parseIp(address)!, port);
const bindError = (proto: "tcp" | "udp", address: string, port: number, code: string): ReturnType<typeof owner.bindError> =>
  owner.bindError(proto, parseIp(address)!, port, code);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

async function listen(host: string): Promise<number> {
  const server = net.createServer().listen(0, host);
  cleanups.push(() => server.close());
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}

const self = `${readFileSync("/proc/self/comm", "utf8").trim()} (pid ${process.pid})`;

describe("portOwner", () => {
  it("names the process that listens on the address, or on all", async () => {
    const port = await listen("127.0.0.1");
    expect(portOwner("tcp", "127.0.0.1", port)).toBe(self);
    expect(portOwner("tcp", "0.0.0.0", port)).toBe(self);
  });

  it("finds listeners on IPv6 wildcards, which take the IPv4 port too", async () => {
    expect(portOwner("tcp", "127.0.0.1", await listen("::"))).toBe(self);
  });

  it("tells the families apart, as bind does for IPv6 alone", async () => {
    const ipv6 = await listen("::1");
    expect(portOwner("tcp", "::1", ipv6)).toBe(self);
    expect(portOwner("tcp", "::", ipv6)).toBe(self);
    expect(portOwner("tcp", "0.0.0.0", ipv6)).toBeNull();
    expect(portOwner("tcp", "2001:db8::1", ipv6)).toBeNull();
    const ipv4 = await listen("127.0.0.1");
    expect(portOwner("tcp", "::", ipv4)).toBeNull();
    const mapped = await listen("::ffff:127.0.0.1");
    expect(portOwner("tcp", "127.0.0.1", mapped)).toBe(self);
    expect(portOwner("tcp", "::", mapped)).toBeNull();
  });

  it("names another process", async () => {
    const script = "const s=require('net').createServer().listen(0,'127.0.0.1',()=>console.log(s.address().port))";
    const child = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    cleanups.push(() => child.kill());
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    expect(portOwner("tcp", "127.0.0.1", Number(line))).toBe(`node (pid ${child.pid})`);
  });

  it("names the process that holds a UDP port", async () => {
    const socket = dgram.createSocket("udp4").bind(0, "127.0.0.1");
    cleanups.push(() => socket.close());
    await once(socket, "listening");
    expect(portOwner("udp", "0.0.0.0", socket.address().port)).toBe(self);
    expect(portOwner("tcp", "0.0.0.0", socket.address().port)).toBeNull();
  });

  it("knows nobody for a free port, another address, or a mere connection", async () => {
    const port = await listen("127.0.0.2");
    expect(portOwner("tcp", "127.0.0.1", port)).toBeNull();
    const client = net.connect(port, "127.0.0.2");
    cleanups.push(() => client.destroy());
    await once(client, "connect");
    expect(portOwner("tcp", "0.0.0.0", client.localPort as number)).toBeNull();
  });
});

describe("bindError", () => {
  it("names the port's holder", async () => {
    const port = await listen("127.0.0.1");
    const error = bindError("tcp", "127.0.0.1", port, "EADDRINUSE");
    expect(error.message).toBe(`host port 127.0.0.1:${port}/tcp is taken by ${self}`);
    expect(bindError("tcp", "::1", 1, "EADDRINUSE").message).toBe("host port [::1]:1/tcp is taken by another program");
    expect([error.code, error.kind]).toEqual(["TSP_ERR_PORT_TAKEN", "conflict"]);
  });

  it("says so when the holder is unknown", () => {
    expect(bindError("tcp", "127.0.0.1", 1, "EADDRINUSE").message).toBe("host port 127.0.0.1:1/tcp is taken by another program");
  });

  it.each([
    ["EADDRNOTAVAIL", "not-found", "192.0.2.1 is not an address of this host"],
    ["EACCES", "permission", "cannot bind host port 192.0.2.1:80/tcp (EACCES)"],
    ["EMFILE", "unavailable", "cannot bind host port 192.0.2.1:80/tcp (EMFILE)"],
  ])("explains %s as %s", (code, kind, message) => {
    const error = bindError("tcp", "192.0.2.1", 80, code);
    expect([error.kind, error.message]).toEqual([kind, message]);
  });
});
