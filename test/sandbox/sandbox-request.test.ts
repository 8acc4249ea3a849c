import { describe, expect, it } from "vitest";
import type { SandboxCreate } from "../../src/api/sandbox-types.js";
import { checkExtraHost, parseLink, planSandbox } from "../../src/sandbox/sandbox-request.js";

const nobody = (): boolean => false;
const create = (change: Partial<SandboxCreate> = {}): SandboxCreate => ({ kind: "run", command: ["true"], network: "bridge", ...change });

it("a port may lead to a name of others only where the network spans nodes", () => {
  const gate = create({ network: "shop", publish: ["80:web:8080"] });
  expect(() => planSandbox(gate, nobody)).toThrow("'web' is no name of this sandbox");
  expect(planSandbox(gate, nobody, true).record.ports).toMatchObject([{ name: "web", hostPort: 80 }]);
});

describe("what is to run", () => {
  it("gets a random id and name, and the start of the id as its host name", () => {
    const a = planSandbox(create(), nobody).record;
    const b = planSandbox(create(), nobody).record;
    expect(a.id).toMatch(/^[0-9a-f]{64}$/);
    expect(a.hostname).toBe(a.id.slice(0, 12));
    expect(a.name).toMatch(/^[a-z]+_[a-z]+$/);
    expect(b.id).not.toBe(a.id);
  });

  it("is given no id that is none: it names a folder", () => {
    expect(planSandbox(create({ id: "a1".repeat(32) }), nobody).record.id).toBe("a1".repeat(32));
    for (const id of ["", "../../../etc", "A".repeat(64), `${"a".repeat(64)}/`, `${"a".repeat(64)}\n`])
      expect(() => planSandbox(create({ id }), nobody)).toThrow(expect.objectContaining({ code: "TSP_ERR_SANDBOX", kind: "invalid" }));
  });

  it("gets another name when all that are usual are taken", () => {
    expect(planSandbox(create(), (name) => !/\d$/.test(name)).record.name).toMatch(/\d$/);
  });

  it("on the host's stack has its ports discarded, with Docker's warning, and the host's name", () => {
    const plan = planSandbox(create({ network: "host", publish: ["80:80"] }), nobody);
    expect(plan).toMatchObject({
      network: undefined,
      record: { mode: "host", ports: [], hostname: "" },
      warnings: ["Published ports are discarded when using host network mode"],
    });
  });

  it("says so, too, where there is nothing to publish from: Docker is silent there", () => {
    const plan = planSandbox(create({ network: "none", publish: ["80:80"] }), nobody);
    expect(plan).toMatchObject({
      record: { mode: "none", ports: [] },
      warnings: ["Published ports are discarded when using none network mode"],
    });
    expect(planSandbox(create({ network: "none" }), nobody).warnings).toEqual([]);
  });

  it.each([
    [{ name: "a b" }, "invalid sandbox name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
    [{ hostname: "-x" }, "invalid hostname format: -x"],
    [{ ip: "172.17.0.9" }, "user specified IP address is supported on user defined networks only"],
    [{ aliases: ["www"] }, "network-scoped aliases are only supported for user-defined networks"],
    [{ network: "shop", ip: "1.2.3" }, "invalid IPv4 address: 1.2.3"],
    [{ network: "shop", ip: "fd00::9" }, "invalid IPv4 address: fd00::9"],
    [{ network: "shop", ip6: "10.0.0.9" }, "invalid IPv6 address: 10.0.0.9"],
    [{ network: "shop", ip6: "fd00::9%eth0" }, "invalid IPv6 address: fd00::9%eth0"],
    [{ network: "shop", ip6: "::ffff:10.0.0.9" }, "invalid IPv6 address: ::ffff:10.0.0.9"],
    [{ network: "shop", ip6: "::" }, "invalid IPv6 address: ::"],
    [{ network: "shop", ip6: `${"0:".repeat(500)}1` }, /^invalid IPv6 address: (0:)+0?…$/],
    [{ ip6: "fd00::9" }, "user specified IP address is supported on user defined networks only"],
    [{ network: "none", ip6: "fd00::9" }, "user specified IP address is supported on user defined networks only"],
    [{ network: "shop", mac: "02:00" }, "02:00 is not a valid mac address"],
    [{ network: "shop", device: "a/b" }, "'a/b' is no name for a device"],
    [{ network: "none", ip: "172.17.0.9" }, "user specified IP address is supported on user defined networks only"],
    [{ network: "none", mac: "02:00:00:00:00:01" }, "conflicting options: mac-address and the network mode (none)"],
    [{ network: "container:web", publish: ["80:80"] }, "conflicting options: port publishing and the container type network mode"],
    [{ network: "container:web", hostname: "x" }, "conflicting options: hostname and the network mode"],
    [{ network: "container:web", dns: ["1.1.1.1"] }, "conflicting options: dns and the network mode"],
    [{ network: "container:web", links: ["a"] }, /^conflicting options: container type network can't be used with links/],
    [{ network: "container:web", extraHosts: ["a:1.1.1.1"] }, /^conflicting options: custom host-to-IP mapping/],
    [{ network: "host", links: ["web"] }, /^conflicting options: host type networking can't be used with links/],
    [{ dns: ["one"] }, 'invalid argument "one" for "--dns" flag: IP address is not correctly formatted: one'],
    [{ dnsSearch: ["a\nnameserver 6.6.6.6"] }, 'invalid argument "a\\nnameserver 6.6.6.6" for "--dns-search" flag: it is not one word'],
    [{ dnsSearch: [""] }, 'invalid argument "" for "--dns-search" flag: it is not one word'],
    [{ dnsOptions: ["ndots:1 rotate"] }, 'invalid argument "ndots:1 rotate" for "--dns-option" flag: it is not one word'],
    [{ extraHosts: ["d\u001bb:10.0.0.1"] }, 'bad format for add-host: "d\\u001bb:10.0.0.1"'],
    [{ extraHosts: ["db"] }, 'bad format for add-host: "db"'],
    [{ extraHosts: ["db:1.2.3"] }, 'invalid IP address in add-host: "1.2.3"'],
    [{ publish: ["x"] }, "invalid containerPort: x"],
    [{ publish: ["80:api:8080"] }, /^-p 80:api: 'api' is no name of this sandbox$/],
    [{ publish: ["80:80"], affinity: "client" }, /^--affinity: no published port leads to a name/],
    [{ publish: ["80:80"], healthCheck: "off" }, /^--health-check: no published port leads to a name/],
  ] as [Partial<SandboxCreate>, string | RegExp][])("%j is refused in Docker's words", (change, message) => {
    expect(() => planSandbox(create(change), nobody)).toThrow(
      expect.objectContaining({ kind: "invalid", message: typeof message === "string" ? message : expect.stringMatching(message) }),
    );
  });
});

it("links and further hosts are read as Docker reads them", () => {
  expect(parseLink("web")).toEqual({ name: "web", alias: "web" });
  expect(parseLink("web:www")).toEqual({ name: "web", alias: "www" });
  for (const text of ["", ":a", "a:", "a:b:c", "a:b\n6.6.6.6 c"]) expect(() => parseLink(text)).toThrow(`bad format for links: ${text}`);
  expect(checkExtraHost("db:10.0.0.1")).toEqual({ name: "db", address: "10.0.0.1" });
  expect(checkExtraHost("six:[2001:db8::1]")).toEqual({ name: "six", address: "2001:db8::1" });
  expect(checkExtraHost("gw:host-gateway")).toEqual({ name: "gw", address: "host-gateway" });
});
