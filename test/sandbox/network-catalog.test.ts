import { describe, expect, it } from "vitest";
import { setLogSink } from "../../src/log.js";
import { chosenAddresses } from "../../src/model/addresses.js";
import { DEFAULT_OPTIONS } from "../../src/model/records.js";
import { NetworkCatalog } from "../../src/sandbox/network-catalog.js";
import { inspectNetwork } from "../../src/sandbox/network-inspect.js";
import { formatPrefix, type IpPrefix, parseIp } from "../../src/wire/ip-address.js";
import { ModelFixture } from "../model/model-fixture.js";
import { subnet } from "../support/ip.js";

/** `onHost`: what the host has by subnet; to be changed at will, then `changed()`. */
async function start(onHost: Record<string, string> = {}) {
  const fixture = await ModelFixture.start(chosenAddresses);
  let changed = (): void => {};
  const host = {
    overlap: (network: IpPrefix) => onHost[formatPrefix(network)] ?? null,
    onChange: (listener: () => void) => {
      changed = listener;
      return () => {};
    },
    addressesOn: (device: string) => (device === "lan0" ? [parseIp("192.0.2.1")!] : []),
  };
  const resolver = (network: IpPrefix): string | null =>
    formatPrefix(network) === "172.19.0.0/16" ? "name server 172.19.0.53 of /etc/resolv.conf" : null;
  const catalog = new NetworkCatalog(fixture.model, host, () => resolver, [{ base: "fd00:aaaa:bbbb::/48", size: 64 }]);
  return {
    fixture,
    catalog,
    onHost,
    changed: () => changed(),
    inspect: (word: string) => inspectNetwork(catalog.find(word), fixture.model),
  };
}

const ENDPOINT = "e".repeat(64);

describe("networks that people make", () => {
  it("get the pools in order; the first stays bridge's, and what the host or its resolver has is passed over with the reason", async () => {
    const { catalog, inspect } = await start({ "172.18.0.0/16": "address 172.18.0.9/16 of eth0" });
    const { warnings } = await catalog.create({ name: "a" });
    expect(warnings).toEqual([
      "passed over 172.18.0.0/16: address 172.18.0.9/16 of eth0",
      "passed over 172.19.0.0/16: name server 172.19.0.53 of /etc/resolv.conf",
    ]);
    expect(inspect("a").IPAM.Config).toEqual([{ Subnet: "172.20.0.0/16", Gateway: "172.20.0.1" }]);
    await catalog.create({ name: "b" });
    expect(inspect("b").IPAM.Config[0]!.Subnet).toBe("172.21.0.0/16");
    await catalog.use("bridge");
    expect(inspect("bridge").IPAM.Config[0]!.Subnet).toBe("172.17.0.0/16");
  });

  it("are inspected in Docker's shape, with what was asked for and who is in them", async () => {
    const { catalog, fixture, inspect } = await start();
    const { id } = await catalog.create({
      name: "shop",
      subnet: "10.44.0.0/24",
      ipRange: "10.44.0.128/25",
      gateway: "10.44.0.254",
      auxAddresses: { printer: "10.44.0.129" },
      internal: true,
      mtu: 1400,
      labels: { stage: "test" },
    });
    await fixture.model.createEndpoint(id, { id: ENDPOINT, use: { owner: "c".repeat(64), names: ["web"] } });
    expect(inspect(id.slice(0, 5))).toMatchObject({
      Name: "shop",
      Id: id,
      Driver: "bridge",
      Scope: "local",
      Internal: true,
      IPAM: {
        Driver: "default",
        Config: [
          { Subnet: "10.44.0.0/24", IPRange: "10.44.0.128/25", Gateway: "10.44.0.254", AuxiliaryAddresses: { printer: "10.44.0.129" } },
        ],
      },
      Containers: {
        ["c".repeat(64)]: {
          Name: "web",
          EndpointID: ENDPOINT,
          IPv4Address: "10.44.0.128/24",
          MacAddress: "02:42:0a:2c:00:80",
          IPv6Address: "",
          Attach: "tap",
        },
      },
      Options: { "com.docker.network.driver.mtu": "1400" },
      Labels: { stage: "test" },
    });
    expect(Date.parse(inspect("shop").Created)).toBeGreaterThan(Date.now() - 60_000);
  });

  it("have a subnet of each family that is asked for: their own, or the first that is free", async () => {
    const { catalog, fixture, inspect } = await start({ "fd00:aaaa:bbbb:1::/64": "route fd00:aaaa::/32" });
    const rangesOf = (name: string): string[] => inspect(name).IPAM.Config.map(({ Subnet, Gateway }) => `${Subnet} ${Gateway}`);
    await catalog.create({ name: "a", ipv6: true });
    expect(rangesOf("a")).toEqual(["172.18.0.0/16 172.18.0.1", "fd00:aaaa:bbbb::/64 fd00:aaaa:bbbb::1"]);
    expect(inspect("a")).toMatchObject({ EnableIPv4: true, EnableIPv6: true });
    const { warnings } = await catalog.create({ name: "b", ipv4: false, ipv6: true });
    expect(rangesOf("b")).toEqual(["fd00:aaaa:bbbb:2::/64 fd00:aaaa:bbbb:2::1"]);
    expect(warnings).toEqual(["passed over fd00:aaaa:bbbb:1::/64: route fd00:aaaa::/32"]);
    expect(inspect("b")).toMatchObject({ EnableIPv4: false, EnableIPv6: true });
    const { id } = await catalog.create({
      name: "c",
      ipv6: true,
      subnet: ["FD00:9::/64", "10.9.0.0/24"],
      gateway: "fd00:9::ffff",
      ipRange: ["10.9.0.128/25", "fd00:9::8000/113"],
      auxAddresses: { printer: "fd00:9::8000", scanner: "10.9.0.128" },
    });
    expect(inspect("c").IPAM.Config).toEqual([
      { Subnet: "10.9.0.0/24", IPRange: "10.9.0.128/25", Gateway: "10.9.0.128", AuxiliaryAddresses: { scanner: "10.9.0.128" } },
      { Subnet: "fd00:9::/64", IPRange: "fd00:9::8000/113", Gateway: "fd00:9::ffff", AuxiliaryAddresses: { printer: "fd00:9::8000" } },
    ]);
    await fixture.model.createEndpoint(id, { id: ENDPOINT, use: { owner: "c".repeat(64), names: ["web"] } });
    expect(Object.values(inspect("c").Containers)).toMatchObject([{ IPv4Address: "10.9.0.129/24", IPv6Address: "fd00:9::8001/64" }]);
    await fixture.restart();
    expect(await fixture.picture()).toMatchObject({
      records: { networks: [{}, {}, { range: "10.9.0.128/25", ipv6Range: "fd00:9::8000/113" }] },
    });
  });

  it.each([
    [{ name: "n", ipv4: false }, "invalid", "IPv4 or IPv6 must be enabled"],
    [{ name: "n", subnet: "fd00:9::/64" }, "invalid", "invalid subnet fd00:9::/64: IPv6 is not enabled"],
    [{ name: "n", ipv4: false, ipv6: true, subnet: "10.9.0.0/24" }, "invalid", "invalid subnet 10.9.0.0/24: IPv4 is not enabled"],
    [{ name: "n", ipv6: true, subnet: "fd00:9::1/64" }, "invalid", "invalid subnet fd00:9::1/64: it should be fd00:9::/64"],
    [{ name: "n", ipv6: true, subnet: "fe80::1%eth0/64" }, "invalid", "invalid subnet fe80::1%eth0/64: invalid CIDR block notation"],
    [{ name: "n", ipv6: true, subnet: "::ffff:10.9.0.0/120" }, "invalid", /: IPv4 addresses in the form of IPv6$/],
    [{ name: "n", ipv6: true, subnet: "fd00:9::/127" }, "invalid", "invalid subnet fd00:9::/127: /127 is too small"],
    [{ name: "n", ipv6: true, subnet: `${"0:".repeat(500)}/64` }, "invalid", /^invalid subnet (0:)+0?…$/],
    [{ name: "n", ipv6: true, subnet: ["fd00:9::/64", "fd00:a::/64"] }, "invalid", "bridge driver doesn't support multiple subnets"],
    [{ name: "n", subnet: ["10.9.1.0/24", "10.9.1.0/25"] }, "invalid", "multiple overlapping subnet configuration is not supported"],
    [{ name: "n", subnet: "10.44.0.0/24", gateway: "fd00:9::1" }, "invalid", "invalid gateway fd00:9::1: parent subnet is an IPv4 block"],
    [
      { name: "n", ipv4: false, ipv6: true, subnet: "fd00:9::/64", ipRange: "10.9.0.0/25" },
      "invalid",
      "invalid ip-range 10.9.0.0/25: parent subnet is an IPv6 block",
    ],
    [
      { name: "n", subnet: "10.44.0.0/24", gateway: ["10.44.0.1", "10.44.0.2"] },
      "invalid",
      "cannot configure multiple gateways (10.44.0.1, 10.44.0.2) for the same subnet (10.44.0.0/24)",
    ],
    [{ name: "n", subnet: "10.44.0.0/24", gateway: "10.44" }, "invalid", "invalid gateway 10.44: invalid address"],
    [{ name: "n", ipv6: true, subnet: "fd00:8::/80" }, "conflict", /Pool overlaps .* \(fd00:8::\/80: route fd00:8::\/32\)$/],
    [{ name: "" }, "invalid", "invalid network name: name is empty"],
    [{ name: "a b" }, "invalid", "invalid network name (a b), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"],
    [{ name: "bridge" }, "invalid", "operation is not permitted on predefined bridge network"],
    [{ name: "old" }, "conflict", "network with name old already exists"],
    [{ name: "n", driver: "overlay9" }, "invalid", "could not find driver 'overlay9'"],
    [{ name: "n", subnet: "10.44.0.1/24" }, "invalid", "invalid subnet 10.44.0.1/24: it should be 10.44.0.0/24"],
    [{ name: "n", subnet: "10.44.0.0" }, "invalid", "invalid subnet 10.44.0.0: invalid CIDR block notation"],
    [{ name: "n", subnet: "10.44.0.0/31" }, "invalid", "invalid subnet 10.44.0.0/31: /31 is too small"],
    [
      { name: "n", subnet: "10.44.0.0/24", gateway: "10.45.0.1" },
      "invalid",
      "invalid gateway 10.45.0.1: parent subnet 10.44.0.0/24 doesn't contain this address",
    ],
    [
      { name: "n", subnet: "10.44.0.0/24", ipRange: "10.45.0.0/25" },
      "invalid",
      "invalid ip-range 10.45.0.0/25: parent subnet 10.44.0.0/24 doesn't contain ip-range",
    ],
    [{ name: "n", gateway: "10.45.0.1" }, "invalid", "every ip-range or gateway must have a corresponding subnet"],
    [{ name: "n", subnet: "172.30.4.0/24" }, "conflict", /^invalid pool request: Pool overlaps .* \(172.30.4.0\/24: network old\)$/],
    [{ name: "n", subnet: "10.9.0.0/16" }, "conflict", /Pool overlaps .* \(10.9.0.0\/16: route 10.0.0.0\/8\)$/],
    [{ name: "n", options: { "com.docker.network.bridge.enable_icc": "maybe" } }, "invalid", /enable_icc: 'maybe' is not valid/],
  ])("%j is refused in Docker's words, and nothing is changed", async (create, kind, message) => {
    const { catalog, fixture } = await start({ "10.9.0.0/16": "route 10.0.0.0/8", "fd00:8::/80": "route fd00:8::/32" });
    await catalog.create({ name: "old", subnet: "172.30.0.0/16" });
    const before = await fixture.picture();
    await expect(catalog.create(create)).rejects.toMatchObject({
      kind,
      message: typeof message === "string" ? message : expect.stringMatching(message),
      hint: expect.any(String),
    });
    expect(await fixture.picture()).toEqual(before);
  });

  it("are removed by name, id or the start of an id, and not while somebody is in them", async () => {
    const { catalog, fixture } = await start();
    const { id } = await catalog.create({ name: "shop" });
    await fixture.model.createEndpoint(id, { id: ENDPOINT, use: { owner: "c".repeat(64), names: ["web"] } });
    await expect(catalog.remove("shop")).rejects.toMatchObject({
      kind: "conflict",
      message: `error while removing network: network shop has active endpoints (name:"web" id:"eeeeeeeeeeee")`,
    });
    expect(await catalog.prune()).toEqual([]);
    await fixture.model.deleteEndpoint(id, ENDPOINT);
    expect(await catalog.remove(id.slice(0, 12))).toBe("shop");
    await expect(catalog.remove("shop")).rejects.toMatchObject({ kind: "not-found", message: "network shop not found" });
  });

  it("are pruned when nobody is in them; bridge and other people's stay", async () => {
    const { catalog, fixture } = await start();
    await catalog.use("bridge");
    await catalog.create({ name: "a" });
    await catalog.create({ name: "b" });
    await fixture.model.createNetwork({ id: "d".repeat(64), subnets: { ipv4: subnet("10.1.0.0/16") }, options: DEFAULT_OPTIONS });
    expect(await catalog.prune()).toEqual(["a", "b"]);
    expect(catalog.list().map(({ driver }) => driver)).toEqual(["bridge", "host", "null", "tsproxy"]);
    await expect(catalog.remove("dddd")).rejects.toMatchObject({ kind: "conflict", hint: "remove it by 'docker network rm'" });
  });

  it("survive a restart, labels and all", async () => {
    const { catalog, fixture, inspect } = await start();
    await catalog.create({ name: "shop", labels: { a: "b" } });
    const before = inspect("shop");
    await fixture.restart();
    const after = new NetworkCatalog(fixture.model, { overlap: () => null, onChange: () => () => {}, addressesOn: () => [] });
    expect(inspectNetwork(after.find("shop"), fixture.model)).toEqual(before);
  });
});

describe("a macvlan network", () => {
  const create = { name: "lan", driver: "macvlan", subnet: "192.0.2.0/24", options: { parent: "lan0" } };

  it("has the host's own range on its parent, without the host's address there", async () => {
    const { catalog, fixture, inspect, onHost } = await start();
    onHost["192.0.2.0/24"] = "address 192.0.2.1/24 of lan0";
    await catalog.create({ ...create, gateway: "192.0.2.254" });
    expect([...fixture.specs]).toMatchObject([{ kind: "macvlan", parent: "lan0", mode: "bridge" }]);
    expect(inspect("lan")).toMatchObject({ Driver: "macvlan", Options: { parent: "lan0" } });
    expect(inspect("lan").IPAM.Config).toMatchObject([{ Gateway: "192.0.2.254", AuxiliaryAddresses: { "lan0 192.0.2.1": "192.0.2.1" } }]);
    await expect(catalog.create({ ...create, name: "other" })).rejects.toMatchObject({ kind: "conflict" });
    expect(await catalog.prune()).toEqual(["lan"]);
  });

  it.each([
    [{}, "a network of driver macvlan needs a parent interface"],
    [{ macvlan_mode: "bridged" }, "requested macvlan mode 'bridged' is not valid, 'bridge' mode is the macvlan driver default"],
    [{ parent: "lan0", "tsproxy.attach": "bridge" }, "option tsproxy.attach: 'bridge' is not valid"],
    [{ parent: "lan0", ipvlan_mode: "l2" }, "option ipvlan_mode is not supported in macvlan networks"],
    [{ parent: "lan0", "com.docker.network.bridge.enable_icc": "false" }, "enable_icc is not supported in macvlan networks"],
  ])("is refused with options %j", async (options, message) => {
    const { catalog, fixture } = await start();
    await expect(catalog.create({ ...create, options: options as Record<string, string> })).rejects.toThrow(message);
    expect([...fixture.specs]).toEqual([]);
  });
});

it.each(["vepa", "passthru", "private"])("a macvlan network can be in mode %s", async (mode) => {
  const { catalog, fixture } = await start();
  await catalog.create({ name: "lan", driver: "macvlan", subnet: "192.0.2.0/24", options: { parent: "lan0", macvlan_mode: mode } });
  expect([...fixture.specs]).toMatchObject([{ kind: "macvlan", parent: "lan0", mode }]);
});

describe("an ipvlan network", () => {
  const create = { name: "lan", driver: "ipvlan", subnet: "192.0.2.0/24" };

  it("is in mode l2 with flag bridge, as Docker's is by default", async () => {
    const { catalog, fixture, inspect } = await start();
    await catalog.create({ ...create, options: { parent: "lan0", ipvlan_mode: "l2", ipvlan_flag: "bridge" } });
    expect([...fixture.specs]).toMatchObject([{ kind: "macvlan", parent: "lan0", mode: "ipvlan" }]);
    expect(inspect("lan")).toMatchObject({ Driver: "ipvlan" });
    expect(await catalog.prune()).toEqual(["lan"]);
  });

  it.each([
    [{}, "a network of driver ipvlan needs a parent interface"],
    [{ parent: "lan0", macvlan_mode: "bridge" }, "option macvlan_mode is not supported in ipvlan networks"],
    [{ parent: "lan0", ipvlan_mode: "l3" }, "ipvlan mode 'l3' is not supported: in it the host routes"],
    [{ parent: "lan0", ipvlan_mode: "l3s" }, "ipvlan mode 'l3s' is not supported: in it the host routes"],
    [{ parent: "lan0", ipvlan_mode: "l4" }, "requested ipvlan mode 'l4' is not valid, 'l2' mode is the ipvlan driver default"],
    [{ parent: "lan0", ipvlan_flag: "vepa" }, "ipvlan flag 'vepa' is not supported"],
    [{ parent: "lan0", ipvlan_flag: "x" }, "requested ipvlan flag 'x' is not valid, 'bridge' is the ipvlan driver default"],
  ])("is refused with options %j", async (options, message) => {
    const { catalog, fixture } = await start();
    await expect(catalog.create({ ...create, options: options as Record<string, string> })).rejects.toThrow(message);
    expect([...fixture.specs]).toEqual([]);
  });
});

describe("the predefined networks", () => {
  it("are there from the start, and take nothing from the host until they are used", async () => {
    const { catalog, fixture, inspect } = await start();
    expect(catalog.list().map(({ name, driver, subnet }) => [name, driver, subnet])).toEqual([
      ["bridge", "bridge", ""],
      ["host", "host", ""],
      ["none", "null", ""],
    ]);
    expect([...fixture.specs]).toEqual([]);
    expect(inspect("host")).toMatchObject({ Name: "host", Driver: "host", IPAM: { Config: [] } });
    await catalog.use("bridge");
    await catalog.use("bridge");
    expect([...fixture.specs].map((spec) => "hostDevice" in spec && spec.hostDevice)).toEqual(["tsproxy0"]);
  });

  it("cannot be removed or, but for bridge, joined", async () => {
    const { catalog } = await start();
    for (const name of ["bridge", "host", "none"])
      await expect(catalog.remove(name)).rejects.toThrow(`${name} is a pre-defined network and cannot be removed`);
    await expect(catalog.use("none")).rejects.toThrow(
      "container cannot be connected to multiple networks with one of the networks in private (none) mode",
    );
  });

  it("bridge moves on when the host has its range", async () => {
    const { catalog, inspect } = await start({ "172.17.0.0/16": "address 172.17.0.1/16 of docker0" });
    const said: string[] = [];
    setLogSink((_level, message) => said.push(message));
    await catalog.use("bridge");
    setLogSink(() => {});
    expect(said).toEqual(["network bridge: passed over 172.17.0.0/16: address 172.17.0.1/16 of docker0"]);
    expect(inspect("bridge").IPAM.Config[0]!.Subnet).toBe("172.18.0.0/16");
  });
});

it("a range that appears on the host later is reported, once", async () => {
  const { catalog, onHost, changed } = await start();
  await catalog.create({ name: "shop", subnet: "10.44.0.0/24" });
  catalog.watch();
  const said: string[] = [];
  setLogSink((level, message) => said.push(`${level}: ${message}`));
  changed();
  onHost["10.44.0.0/24"] = "address 10.44.0.7/16 of wlan0";
  changed();
  changed();
  setLogSink(() => {});
  expect(said).toEqual([
    "warn: network shop (10.44.0.0/24): the host has address 10.44.0.7/16 of wlan0 now, so one of both is not reached",
  ]);
});
