import { mkdtempSync, rmSync } from "node:fs";
import http from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { EndpointView, NetworkView } from "../../../src/api/types.js";
import { showPort, showPs } from "../../../src/cli/commands/docker-show.js";
import type { Names } from "../../../src/docker/dockerd-client.js";

const NETWORK = "a".repeat(64);
const networks: NetworkView[] = [
  {
    id: NETWORK,
    subnet: "172.18.0.0/16",
    gateway: "172.18.0.1",
    device: "tsnaaaaaaaaaaaa",
    mtu: 1400,
    internal: false,
    icc: false,
    masquerade: false,
    endpoints: 2,
  },
];
const web = { hostIp: "0.0.0.0", targetIp: "172.18.0.2", proto: "tcp", via: "dataplane" } as const;
const endpoints: EndpointView[] = [
  {
    id: "e1".repeat(32),
    network: NETWORK,
    address: "172.18.0.2",
    mac: "02:42:ac:12:00:02",
    state: "joined",
    sandbox: "/run/docker/netns/1",
    ports: [
      { ...web, hostPort: 8080, hostPortEnd: 8080, targetPort: 80, targetPortEnd: 80 },
      { ...web, hostPort: 9000, hostPortEnd: 9003, targetPort: 7000, targetPortEnd: 7003 },
    ],
  },
  { id: "e2".repeat(32), network: NETWORK, address: "172.18.0.3", mac: "02:42:ac:12:00:03", state: "gone", sandbox: "", ports: [] },
];
const names: Names = {
  containers: new Map([[endpoints[0]!.id, { name: "web", id: "c".repeat(64) }]]),
  networks: new Map([[NETWORK, "net"]]),
};
const ALL = { json: false, pid: undefined };
let dir = "";

beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "tsp-show-"));
  process.env.TSPROXY_RUN_DIR = dir;
  return () => {
    delete process.env.TSPROXY_RUN_DIR;
    rmSync(dir, { recursive: true, force: true });
  };
});

/** An instance that answers `views`, and 404 else. */
async function instance(pid: number, views: Record<string, unknown>): Promise<void> {
  const server = http.createServer((request, response) => {
    const view = views[request.url ?? ""];
    response.writeHead(view === undefined ? 404 : 200).end(JSON.stringify(view ?? {}));
  });
  await new Promise<void>((resolve) => server.listen(path.join(dir, `${pid}.sock`), resolve));
  onTestFinished(() => void server.close());
}

async function shown(show: (write: (text: string) => void) => Promise<void>): Promise<string> {
  let text = "";
  await show((part) => {
    text += part;
  });
  return text;
}

const daemon = { "/v1/info": { role: "daemon" }, "/v1/networks": networks, "/v1/endpoints": endpoints };
const known = async (): Promise<Names> => names;
const unknown = async (): Promise<Names> => ({ containers: new Map(), networks: new Map() });

describe("tsproxy ps", () => {
  it("shows networks and endpoints by the names that dockerd has for them", async () => {
    await instance(1, daemon);
    expect(await shown((write) => showPs(ALL, write, known))).toBe(
      `NETWORK ID    NAME  SUBNET         GATEWAY     DEVICE            MTU  OPTIONS               ENDPOINTS
aaaaaaaaaaaa  net   172.18.0.0/16  172.18.0.1  tsnaaaaaaaaaaaa  1400  no-icc,no-masquerade          2

CONTAINER     NETWORK  ADDRESS     MAC                STATE   PORTS
web           net      172.18.0.2  02:42:ac:12:00:02  joined  0.0.0.0:8080->80/tcp, 0.0.0.0:9000-9003->7000-7003/tcp
e2e2e2e2e2e2  net      172.18.0.3  02:42:ac:12:00:03  gone    -
`,
    );
  });

  it("shows ids when dockerd does not answer", async () => {
    await instance(1, daemon);
    expect(await shown((write) => showPs(ALL, write, unknown))).toMatch(/^e1e1e1e1e1e1 +aaaaaaaaaaaa +172/m);
  });

  it("prints the same as JSON", async () => {
    await instance(1, daemon);
    const view = JSON.parse(await shown((write) => showPs({ json: true, pid: undefined }, write, known)));
    expect(view).toMatchObject({ networks: [{ name: "net" }], endpoints: [{ container: "web", networkName: "net" }, { container: "" }] });
  });

  it("asks the daemon among several instances, and says when there is none", async () => {
    await instance(1, { "/v1/stats": {} });
    await expect(showPs(ALL, () => {}, known)).rejects.toMatchObject({ code: "TSP_ERR_INSTANCE", kind: "not-found" });
    await instance(2, daemon);
    expect(await shown((write) => showPs(ALL, write, known))).toContain("web");
  });
});

describe("tsproxy port", () => {
  const port = (word?: string): Promise<string> => shown((write) => showPort(word, ALL, write, known));
  const lines = "80/tcp -> 0.0.0.0:8080\n7000-7003/tcp -> 0.0.0.0:9000-9003\n";

  it.each(["web", "cccc", "e1e1"])("shows a container's ports as docker does, found by %s", async (word) => {
    await instance(1, daemon);
    expect(await port(word)).toBe(lines);
  });

  it("shows all as a table", async () => {
    await instance(1, daemon);
    expect(await port()).toMatch(/^CONTAINER +NETWORK +PORT\nweb +net +80\/tcp -> 0\.0\.0\.0:8080\n/);
  });

  it.each([
    ["nosuch", "not-found", /'nosuch'/],
    ["e", "conflict", /'e' is the start of several ids/],
  ])("refuses '%s'", async (word, kind, says) => {
    await instance(1, daemon);
    await expect(port(word)).rejects.toMatchObject({ kind, message: expect.stringMatching(says) });
  });
});
