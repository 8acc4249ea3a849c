import { expect, it } from "vitest";
import { chosenAddresses } from "../../src/model/addresses.js";
import { DEFAULT_OPTIONS } from "../../src/model/records.js";
import { inspectSandbox } from "../../src/sandbox/sandbox-inspect.js";
import { planSandbox } from "../../src/sandbox/sandbox-request.js";
import { ENDPOINT, ModelFixture, NETWORK } from "../model/model-fixture.js";
import { subnet } from "../support/ip.js";

it("is in Docker's shape: each port of a range by itself, no gateway in an internal network, links by name", async () => {
  const { model } = await ModelFixture.start(chosenAddresses);
  const make = (id: string, name: string, n: number, internal: boolean): Promise<void> =>
    model.createNetwork({ id, name, subnets: { ipv6: subnet(`fd00:${n}::/64`) }, options: { ...DEFAULT_OPTIONS, internal } });
  await make(NETWORK, "out", 1, false);
  await make("b".repeat(64), "inner", 2, true);
  const plan = planSandbox({ kind: "run", command: ["httpd", "-f"], network: "out", name: "web", hostname: "www" }, () => false);
  const links = [{ target: "c".repeat(64), alias: "db" }];
  const record = { ...plan.record, links, pid: 7, startTime: "", netns: "/proc/7/ns/net", netnsInode: 1 };
  const use = { owner: record.id, names: ["web", "www"] };
  await model.createEndpoint(NETWORK, { id: ENDPOINT, use, sandbox: "/proc/7/ns/net" });
  await model.createEndpoint("b".repeat(64), { id: "f".repeat(64), use, sandbox: "/proc/7/ns/net" });
  const ports = { hostIp: null, hostPort: 8000, hostPortEnd: 8001, pickFromRange: false, targetPort: 80, targetPortEnd: 81 };
  await model.publish(NETWORK, ENDPOINT, [{ ...ports, proto: "tcp" }]);
  const members = model.endpoints.map((endpoint) => {
    const attachment = {
      network: endpoint.network.record.id,
      endpoint: endpoint.record.id,
      device: "eth0",
      aliases: ["www"],
      gwPriority: 3,
    };
    return { attachment, network: endpoint.network, endpoint };
  });
  const shown = inspectSandbox(record, members, "/run/web", (id) => (id === "c".repeat(64) ? "store" : ""));
  expect(shown).toMatchObject({
    Name: "/web",
    Path: "httpd",
    Args: ["-f"],
    State: { Status: "running", Running: true, Pid: 7, ExitCode: 0 },
    HostsPath: "/run/web/hosts",
    Config: { Hostname: "www", Cmd: ["httpd", "-f"] },
    HostConfig: { NetworkMode: "out", Links: ["/store:/web/db"] },
  });
  expect(shown.NetworkSettings.Ports).toEqual({
    "80/tcp": [{ HostIp: "0.0.0.0", HostPort: "8000" }],
    "81/tcp": [{ HostIp: "0.0.0.0", HostPort: "8001" }],
  });
  const six = {
    IPAddress: "",
    IPPrefixLen: 0,
    Gateway: "",
    GlobalIPv6PrefixLen: 64,
    GwPriority: 3,
    Aliases: ["www"],
    DNSNames: ["web", "www"],
  };
  expect(shown.NetworkSettings.Networks).toMatchObject({
    out: { ...six, GlobalIPv6Address: "fd00:1::2", IPv6Gateway: "fd00:1::1", NetworkID: NETWORK, EndpointID: ENDPOINT },
    inner: { ...six, GlobalIPv6Address: "fd00:2::2", IPv6Gateway: "" },
  });
  const ended = inspectSandbox({ ...record, exit: { code: 3, at: "2026-11-26T00:00:00.000Z" } }, [], "/run/web", () => "");
  expect(ended.State).toEqual({ Status: "exited", Running: false, Pid: 0, ExitCode: 3, FinishedAt: "2026-11-26T00:00:00.000Z" });
});
