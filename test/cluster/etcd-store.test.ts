/** What answers at the store's address and is no etcd that will do, by a server that says what it is told to. */
import http from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { EtcdOptions } from "../../src/cluster/etcd-options.js";
import { EtcdStore } from "../../src/cluster/etcd-store.js";
import { eventually } from "../support/proc.js";

type Answer = (url: string, body: string) => { status?: number; text: string; stays?: boolean };

const servers: http.Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: Answer, user?: EtcdOptions["user"]): Promise<EtcdStore> {
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk) => {
      body += chunk;
    });
    request.on("end", () => {
      const { status = 200, text, stays = false } = answer(request.url!, body);
      response.writeHead(status);
      if (stays) response.write(text);
      else response.end(text);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return new EtcdStore({
    endpoints: [{ host: "127.0.0.1", port: (server.address() as AddressInfo).port }],
    tls: undefined,
    user,
  });
}

describe("a store that is no etcd that will do", () => {
  it("is refused by its version", async () => {
    for (const version of ["3.3.10", "2.3.8"])
      await expect((await serve(() => ({ text: `{"etcdserver":"${version}"}` }))).check()).rejects.toMatchObject({
        kind: "invalid",
        message: expect.stringContaining(`is etcd ${version}`),
        hint: "etcd 3.4 or later is needed",
      });
    const good = await serve((url) => ({ text: url === "/version" ? '{"etcdserver":"3.6.0"}' : '{"header":{"revision":"1"}}' }));
    await good.check();
  });

  it("is said to be none when it answers something else", async () => {
    for (const text of ["", "hello", "[]", "{}", '{"header":{}}', '{"header":{"revision":7}}'])
      await expect((await serve(() => ({ text }))).list("/tsproxy/")).rejects.toMatchObject({ code: "TSP_ERR_STORE", kind: "unavailable" });
    await expect((await serve(() => ({ status: 404, text: "Not Found" }))).list("/")).rejects.toMatchObject({
      message: expect.stringContaining("no etcd of version 3.4 or later: it answers 404 Not Found"),
    });
  });

  it("is not believed when it refuses: who may not, and what else is wrong, is told", async () => {
    const refusing = (status: number, code: number, message: string) =>
      serve(() => ({ status, text: JSON.stringify({ error: message, message, code }) }));
    const refusal = async (...args: [number, number, string]) => expect((await refusing(...args)).list("/")).rejects;
    await (await refusal(403, 7, "etcdserver: permission denied")).toMatchObject({
      kind: "permission",
      hint: expect.stringContaining("/tsproxy/"),
    });
    await (await refusal(401, 16, "etcdserver: invalid auth token")).toMatchObject({
      kind: "permission",
      hint: "add --store-user and --store-password-file",
    });
    await (await refusal(503, 14, "etcdserver: no leader")).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("store unreachable"),
    });
    await (await refusal(500, 13, "etcdserver: mvcc: database space exceeded")).toMatchObject({
      kind: "unavailable",
      message: expect.stringContaining("space exceeded"),
    });
  });

  it("is listed in smaller pages where somebody has put large values, and refused where one key is too large", async () => {
    const asked: number[] = [];
    const serveUpTo = (most: number) =>
      serve((_, body) => {
        const { limit } = JSON.parse(body) as { limit: string };
        asked.push(Number(limit));
        return {
          text: Number(limit) > most ? "x".repeat(65 << 20) : '{"header":{"revision":"7"},"kvs":[{"key":"L2E=","mod_revision":"3"}]}',
        };
      });
    expect(await (await serveUpTo(200)).list("/")).toEqual({ revision: 7, entries: [{ key: "/a", value: "", revision: 3 }] });
    expect(asked).toEqual([1000, 125]);
    await expect((await serveUpTo(0)).list("/tsproxy/")).rejects.toMatchObject({
      code: "TSP_ERR_STORE",
      hint: "remove what is no key of ours below /tsproxy/",
    });
  });

  it("is asked with a new token when the users or rights there have changed since the last one (JWT)", async () => {
    const asked: string[] = [];
    const server = await serve((url) => {
      asked.push(url);
      if (url === "/v3/auth/authenticate") return { text: `{"token":"t${asked.length}"}` };
      if (asked.length === 2) return { status: 400, text: '{"error":"etcdserver: revision of auth store is old","code":3}' };
      return { text: '{"header":{"revision":"7"}}' };
    }, { name: "u", password: "p" }); // biome-ignore format: short
    expect((await server.list("/")).revision).toBe(7);
    expect(asked).toEqual(["/v3/auth/authenticate", "/v3/kv/range", "/v3/auth/authenticate", "/v3/kv/range"]);
  });

  it("has its watch ended when that is canceled, says what is none of etcd's, or ends", async () => {
    const ends = async (answer: Answer): Promise<string> => {
      const store = await serve(answer);
      let why = "";
      store.watch("/", 5, {
        onEvents: () => {},
        onEnd: (error) => {
          why += error.message;
        },
      });
      await eventually("the end", () => why !== "");
      return why;
    };
    const stays = (text: string) => ends(() => ({ text: `${text}\n`, stays: true }));
    expect(await stays('{"result":{"created":true}}\n{"result":{"canceled":true,"compact_revision":"9"}}')).toBe(
      "revision 5 has been compacted: the first is 9",
    );
    expect(await stays('{"result":{"canceled":true,"cancel_reason":"no leader"}}')).toBe("etcd has ended it: no leader");
    expect(await stays('{"error":{"message":"permission denied"}}')).toBe("permission denied");
    expect(await stays('{"result":{"events":[{"kv":{}}]}}')).toBe("a message that is none of etcd's");
    expect(await stays("no JSON")).toBe("an answer that is not JSON");
    expect(await ends(() => ({ status: 401, text: "no" }))).toBe("the stream ended (HTTP 401) no");
    expect(await ends(() => ({ text: "", stays: true }))).toBe("no answer within 1500 ms");
  });
});
