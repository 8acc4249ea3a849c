/** The launchers' side of the daemon, with launchers that hold real sockets; what is published is published by `publisher-fixture.ts`. */
import { type ChildProcess, spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import readline from "node:readline";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { launcherSocketPath } from "../../src/api/paths.js";
import type { Controller } from "../../src/control/controller.js";
import { mappingText } from "../../src/control/mapping.js";
import { ProxyServer } from "../../src/docker/proxy-server.js";
import { freePorts, openDescriptors, PublisherFixture, TARGET } from "../control/publisher-fixture.js";
import { eventually } from "../support/proc.js";

/**
 * Launchers in one process, one command a line: `bind PORT`, `ask NAME PORT TARGET TARGET-PORT` (a connection called NAME that brings the port's
 * socket), `end NAME`, `release PORT`. Answers with a line each; to `ask` with the daemon's.
 */
const LAUNCHERS = `
import array, os, socket, sys
held, asked = {}, {}
for line in sys.stdin:
    verb, *words = line.split()
    answer = "done"
    if verb == "bind":
        held[words[0]] = s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind(("127.0.0.1", int(words[0])))
        s.listen(16)
    elif verb == "ask":
        name, port, target, target_port = words
        asked[name] = c = socket.socket(socket.AF_UNIX)
        c.connect(sys.argv[1])
        c.sendmsg([f"publish tcp {target} {target_port}\\n".encode()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [held[port].fileno()]))])
        if name.endswith("-later"): # its answer is asked for by "answer"
            answer = "asked"
        else:
            answer = c.recv(1000).decode().strip()
    elif verb == "answer":
        answer = asked[words[0]].recv(1000).decode().strip()
    elif verb == "end":
        asked.pop(words[0]).close()
    elif verb == "release":
        held.pop(words[0]).close()
    print(answer, flush=True)
`;

let dir: string;
let fixture: PublisherFixture;
let server: ProxyServer;
let python: ChildProcess;
let answers: AsyncIterator<string>;
let descriptors: number;
/** While there is one, publications wait for it before they are closed. */
let closing: Promise<void> | undefined;

beforeEach(async () => {
  dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-proxies-"));
  process.env.TSPROXY_RUN_DIR = dir;
  fixture = new PublisherFixture();
  const { publisher } = fixture;
  const publish = publisher.publish.bind(publisher);
  publisher.publish = (...args) => {
    const publication = publish(...args);
    const close = publication.close.bind(publication);
    publication.close = async () => {
      await closing;
      await close();
    };
    return publication;
  };
  const controller = { publisher, settled: async () => {}, takeUpMore: () => {} } as unknown as Controller;
  descriptors = openDescriptors();
  server = await ProxyServer.start(controller, { allowFrom: [] });
  python = spawn("python3", ["-c", LAUNCHERS, launcherSocketPath()], { stdio: ["pipe", "pipe", "inherit"] });
  answers = readline.createInterface({ input: python.stdout! })[Symbol.asyncIterator]();
});

afterEach(async () => {
  python.kill();
  await server.close();
  delete process.env.TSPROXY_RUN_DIR;
  fs.rmSync(dir, { recursive: true });
});

async function launcher(...words: (string | number)[]): Promise<string> {
  python.stdin!.write(`${words.join(" ")}\n`);
  return (await answers.next()).value as string;
}

const targets = (): string[] =>
  [...fixture.publisher.mappings().map(mappingText), ...server.mappings()].map(({ targetIp, targetPort }) => `${targetIp}:${targetPort}`);

/** Whether a client of the port is answered, and with what. */
function greeting(port: number): Promise<string> {
  return new Promise((resolve) => {
    const client = net.connect({ host: "127.0.0.1", port, timeout: 300 });
    client.on("data", (text) => {
      resolve(text.toString());
      client.destroy();
    });
    client.on("timeout", () => {
      resolve(client.connecting ? "no answer" : "accepted, and no word");
      client.destroy();
    });
    client.on("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? ""));
  });
}

describe("a lease", () => {
  it("lasts as long as the launcher's connection, and leaves no descriptor behind", async () => {
    const port = freePorts(1);
    await launcher("bind", port);
    const before = openDescriptors();
    for (let n = 0; n < 5; n++) {
      expect(await launcher("ask", "one", port, TARGET, 8080)).toBe("ok");
      expect(targets()).toEqual([`${TARGET}:8080`]);
      await launcher("end", "one");
      await eventually("the end of the lease", () => targets().length === 0);
    }
    await eventually("no descriptor more", () => openDescriptors() === before);
    expect(before).toBeGreaterThan(descriptors - 1);
  });

  it("is refused with the reason in one line, and nothing is published", async () => {
    const port = freePorts(1);
    await launcher("bind", port);
    fixture.failing = "steering";
    expect(await launcher("ask", "one", port, TARGET, 8080)).toMatch(/^error .*no room in the map/);
    expect(await launcher("ask", "two", port, TARGET, 70000)).toMatch(/^error .*invalid container port 70000/);
    expect(targets()).toEqual([]);
    expect(await launcher("ask", "three", port, TARGET, 8080)).toBe("ok");
  });

  it("ends before the next one of the same port begins, whose connection may come while the first one's is still open", async () => {
    const port = freePorts(1);
    await launcher("bind", port);
    expect(await launcher("ask", "first", port, TARGET, 8080)).toBe("ok");
    let release: () => void = () => {};
    closing = new Promise((resolve) => {
      release = resolve;
    });
    expect(await launcher("ask", "second-later", port, TARGET, 8081)).toBe("asked");
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(fixture.notes.filter((note) => note.startsWith("publish"))).toEqual(["publish 0"]);
    closing = undefined;
    release();
    expect(await launcher("answer", "second-later")).toBe("ok");
    expect(fixture.notes.filter((note) => /^(publish|withdraw)/.test(note))).toEqual(["publish 0", "withdraw 0", "publish 1"]);
    expect(targets()).toEqual([`${TARGET}:8081`]);
    await launcher("end", "first"); // now seen at last
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(targets()).toEqual([`${TARGET}:8081`]);
    await launcher("end", "second-later");
    await eventually("the end of the second", () => targets().length === 0);
  });

  it("is that of the last of several launchers that come for one port at once", async () => {
    const port = freePorts(1);
    await launcher("bind", port);
    expect(await launcher("ask", "first", port, TARGET, 8080)).toBe("ok");
    let release: () => void = () => {};
    closing = new Promise((resolve) => {
      release = resolve;
    });
    for (const n of [1, 2, 3]) await launcher("ask", `next${n}-later`, port, TARGET, 8080 + n);
    await new Promise((resolve) => setTimeout(resolve, 100));
    closing = undefined;
    release();
    for (const n of [1, 2, 3]) expect(await launcher("answer", `next${n}-later`)).toBe("ok");
    expect(targets()).toEqual([`${TARGET}:8083`]);
    const [published, withdrawn] = ["publish", "withdraw"].map((what) => fixture.notes.filter((note) => note.startsWith(what)).length);
    expect(published! - withdrawn!).toBe(1);
    for (const name of ["first", "next1-later", "next2-later"]) await launcher("end", name);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(targets()).toEqual([`${TARGET}:8083`]);
  });
});

describe("a launcher's own socket", () => {
  it("is relayed on where packets cannot reach the target, and taken over by the dataplane once they can", async () => {
    const port = freePorts(1);
    const backend = net.createServer((client) => client.end("hello")).listen(0, "127.0.0.1");
    await new Promise((resolve) => backend.once("listening", resolve));
    const target = ["127.0.0.1", (backend.address() as net.AddressInfo).port] as const;
    await launcher("bind", port);

    for (let round = 0; round < 2; round++) {
      fixture.routes.set("127.0.0.1", null);
      expect(await launcher("ask", `relayed${round}`, port, ...target)).toBe("ok");
      expect(server.mappings()).toMatchObject([{ via: "relay", hostPort: port }]);
      expect(await greeting(port)).toBe("hello");

      fixture.routes.set("127.0.0.1", { type: "unicast", oif: 3 });
      expect(await launcher("ask", `published${round}`, port, ...target)).toBe("ok");
      expect([server.mappings(), fixture.publisher.mappings().map(({ hostPort }) => hostPort)]).toEqual([[], [port]]);
      expect(await greeting(port), "steered, or dropped: the socket itself takes nothing").toBe("no answer");
    }
    backend.close();
  });
});

it("takes all ports back when it closes, and tells the launchers by the end of their connection", async () => {
  const port = freePorts(2);
  for (const n of [0, 1]) {
    await launcher("bind", port + n);
    expect(await launcher("ask", `${n}`, port + n, TARGET, 8080 + n)).toBe("ok");
  }
  expect(targets()).toHaveLength(2);
  await server.close();
  expect(targets()).toEqual([]);
  expect(await launcher("answer", "0")).toBe("");
});
