/** Networks of a cluster on one node, over a dataplane that takes notes and a store in memory; a second node is the rest of the cluster. */
import { expect, it } from "vitest";
import type { NetworkCreate } from "../../src/api/network-types.js";
import { Directory } from "../../src/dns/directory.js";
import { globalScope } from "../../src/docker/global-scope.js";
import { networkDriver } from "../../src/docker/network-driver.js";
import { DEFAULT_OPTIONS } from "../../src/model/records.js";
import type { EndpointRequest } from "../../src/model/requests.js";
import { NetworkCatalog } from "../../src/sandbox/network-catalog.js";
import { inspectNetwork } from "../../src/sandbox/network-inspect.js";
import { formatIp } from "../../src/wire/ip-address.js";
import { ModelFixture } from "../model/model-fixture.js";
import { ip, subnet } from "../support/ip.js";
import { eventually } from "../support/proc.js";
import { id, open, request, start, use } from "./overlay-fixture.js";

it("lists networks that others made, makes one when it is joined, and takes it away when the last has left", async () => {
  const { other, fixture, overlays, catalog } = await start();
  const shop = await other.networks.create(
    {
      id: id("n"),
      name: "shop",
      subnets: { ipv4: { prefix: undefined, gateway: undefined } },
      vni: 99,
      options: { ...DEFAULT_OPTIONS },
      about: { origin: "overlay", created: "", labels: {}, options: {} },
    },
    () => null,
  );
  await overlays.cluster.sync();
  expect(catalog.list().find(({ name }) => name === "shop")).toMatchObject({
    driver: "overlay",
    subnet: "10.0.0.0/24",
    device: "",
    endpoints: 0,
  });
  expect([...fixture.specs]).toEqual([]);
  const live = await catalog.use("shop");
  expect([...fixture.specs]).toMatchObject([{ kind: "overlay", vni: 99, local: { ipv4: ip("192.0.2.1") } }]);
  const endpoint = await overlays.createEndpoint(live.record, request("e", "web"));
  expect([formatIp(endpoint.addresses.ipv4!), endpoint.mac]).toEqual(["10.0.0.2", "02:42:0a:00:00:02"]);
  await other.sync();
  expect(other.view.endpointsIn(shop.id)).toMatchObject([{ id: id("e"), node: "a", names: ["web"] }]);
  await fixture.model.deleteEndpoint(shop.id, id("e"));
  await overlays.left(shop.id, id("e"));
  await other.sync();
  expect([[...fixture.specs], other.view.endpointsIn(shop.id)]).toEqual([[], []]);
});

it("tells the dataplane and the names who is elsewhere, at first and when that changes, with its IPv4 tunnel", async () => {
  const { other, fixture, overlays, catalog } = await start();
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  await other.sync();
  const record = other.view.networks.get(network)!;
  const db = await other.claim(record, { id: id("d"), use: use("db") });
  await overlays.cluster.sync();
  const live = await catalog.use("shop");
  const told = {
    id: id("d"),
    node: "b",
    mac: Uint8Array.of(2, 0x42, 10, 0, 0, 2),
    addresses: { ipv4: ip("10.0.0.2") },
    vtep: ip("192.0.2.2"),
  };
  expect(fixture.told).toEqual([{ put: [told] }]);
  await overlays.createEndpoint(live.record, request("e", "web"));
  const directory = new Directory(fixture.model, overlays);
  const scope = { networks: [network], links: [] };
  expect([directory.addresses(scope, "db"), directory.addresses(scope, "web")]).toEqual([["10.0.0.2"], ["10.0.0.3"]]);
  expect(directory.pointer(scope, "10.0.0.2")).toBe("db.shop");
  const { Containers, Scope } = inspectNetwork(catalog.find("shop"), fixture.model, overlays.elsewhere(network));
  expect([Scope, Object.values(Containers).map(({ Name, Node }) => [Name, Node])]).toEqual(["global", [["web", undefined], ["db", "b"]]]); // biome-ignore format: short
  await other.rename(db.id, ["sql"]);
  await overlays.cluster.sync();
  expect([directory.addresses(scope, "db"), directory.addresses(scope, "sql")]).toEqual([undefined, ["10.0.0.2"]]);
  await other.release(db.id);
  await overlays.cluster.sync();
  expect(fixture.told.at(-1)).toEqual({ put: [], remove: [id("d")] });
  expect(directory.addresses(scope, "sql")).toBeUndefined();
});

it("has an address of its own in networks whose ports are published here, which others see as a node's, and gives it back", async () => {
  const { other, store, client, fixture, node, overlays, catalog } = await start();
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay", ipv6: true });
  const live = await catalog.use("shop");
  const { device } = await overlays.createEndpoint(live.record, request("e", "web"));
  await overlays.publishFrom(new Set([network]));
  const { own } = live.record.overlay!;
  expect([own?.mac.slice(0, 8), formatIp(own!.addresses.ipv4!)]).toEqual(["02:74:73", "10.0.0.3"]);
  expect(fixture.own).toEqual([expect.stringMatching(/^10\.0\.0\.3,fd/)]);
  await other.sync();
  const seen = other.view.endpointsIn(network).find(({ names }) => names.length === 0);
  expect([seen?.node, seen?.mac]).toEqual(["a", own?.mac]);
  expect(inspectNetwork(catalog.find("shop"), fixture.model).Containers[own!.id]).toMatchObject({ Name: "lb-shop", MacAddress: own!.mac });
  expect(other.view.networks.get(network)?.overlay).toEqual(live.record.overlay && { vni: live.record.overlay.vni });

  // What cannot be written down is not given back: it is still used.
  fixture.storeError = new Error("no space left");
  await overlays.publishFrom(new Set());
  await other.sync();
  expect([fixture.own.length, other.view.endpointsIn(network).some((each) => each.id === own!.id)]).toEqual([1, true]);
  fixture.storeError = undefined;
  await overlays.publishFrom(new Set([network]));

  // The next process has the same one, so that flows go on.
  await overlays.close();
  fixture.found.set(id("e"), { name: device, nsFd: -1 });
  await fixture.restart();
  const again = await node();
  open.push(again.overlays);
  expect(fixture.own.slice(1)).toEqual(fixture.own.slice(0, 1));
  await again.overlays.publishFrom(new Set([network]));
  await other.sync();
  expect(other.view.endpointsIn(network).find(({ names }) => names.length === 0)?.id).toBe(own!.id);

  // Where the store is not reached, later.
  await again.overlays.publishFrom(new Set());
  expect(fixture.own.at(-1)).toBeUndefined();
  client.unreachable = true;
  await again.overlays.publishFrom(new Set([network]));
  expect(fixture.own.at(-1)).toBeUndefined();
  client.unreachable = false;
  await eventually("it has one", () => fixture.own.at(-1)?.startsWith("10.0.0."));
  await fixture.model.deleteEndpoint(network, id("e"));
  await again.overlays.left(network, id("e"));
  await other.sync();
  expect([other.view.endpointsIn(network), store.list("/tsproxy/c/held/").entries]).toEqual([[], []]);
});

it("finds who has a name on another node for a link, and refuses one where endpoints are kept apart", async () => {
  const { other, overlays, catalog } = await start();
  const apart = { "com.docker.network.bridge.enable_icc": "false" };
  for (const [name, options] of [
    ["shop", {}],
    ["apart", apart],
  ] as const) {
    const { id: network } = await catalog.create({ name, driver: "overlay", options });
    await other.sync();
    await other.claim(other.view.networks.get(network)!, { id: id(name[0]!), use: use("db") });
  }
  await overlays.cluster.sync();
  expect([catalog.spansNodes("shop"), catalog.spansNodes("bridge")]).toEqual([true, false]);
  expect([catalog.ownerElsewhere("shop", "db"), catalog.ownerElsewhere("shop", "web"), catalog.ownerElsewhere("bridge", "db")]).toEqual([
    id("d"),
    undefined,
    undefined,
  ]);
  expect(() => catalog.ownerElsewhere("apart", "db")).toThrow("db is on node b: in a network with enable_icc=false");
});

it("serves dockerds that share a cluster store: a network that was made by another node's is there when a container comes", async () => {
  const { other, fixture, overlays, catalog } = await start();
  const shared = {
    create: (...args: [NetworkCreate, string, string]) => catalog.create(...args),
    remove: (network: string) => overlays.remove(network),
    createEndpoint: (network: string, request: EndpointRequest) => overlays.createEndpointIn(network, request),
    left: (network: string, endpoint: string) => overlays.left(network, endpoint),
  };
  const driver = networkDriver(fixture.model, globalScope(fixture.model, shared));
  const call = (name: string, body: object = {}): Promise<object> => driver[`NetworkDriver.${name}`]!(body);
  expect(await call("GetCapabilities")).toEqual({ Scope: "global", ConnectivityScope: "global", GwAllocChecker: false });
  const made = {
    NetworkID: id("n"),
    Options: { "com.docker.network.generic": {} },
    IPv4Data: [{ Pool: "10.50.0.0/24", Gateway: "10.50.0.1/24" }],
  };
  expect(await call("CreateNetwork", made)).toEqual({});
  await other.sync();
  expect(other.view.networks.get(id("n"))).toMatchObject({ name: "docker-nnnnnnnnnnnn", about: { origin: "tsproxy-overlay" } });
  await expect(call("CreateNetwork", { ...made, NetworkID: id("m") })).rejects.toMatchObject({ kind: "conflict" });
  await expect(
    call("CreateNetwork", { ...made, NetworkID: id("m"), Options: { "com.docker.network.generic": { "tsproxy.type": "macvlan" } } }),
  ).rejects.toThrow("tsproxy.type is not supported");
  const safe = (value: string): object => ({
    NetworkID: id("s"),
    Options: { "com.docker.network.generic": { encrypted: value } },
    IPv4Data: [{ Pool: "10.52.0.0/24", Gateway: "10.52.0.1/24" }],
  });
  await expect(call("CreateNetwork", safe("false"))).rejects.toThrow("option encrypted: 'false' is not understood");
  await call("CreateNetwork", safe("")); // docker network create -o encrypted
  await other.sync();
  expect(other.view.networks.get(id("s"))).toMatchObject({ overlay: { encrypted: true }, options: { mtu: 1450 - 32 } });
  await call("DeleteNetwork", { NetworkID: id("s") });
  await expect(catalog.remove(id("n"))).rejects.toThrow("is one of Docker's");

  // One that another node has made, and which this one was never told of.
  const { options, about } = other.view.networks.get(id("n"))!;
  const far = { id: id("f"), name: "docker-f", subnets: { ipv4: subnet("10.51.0.0/24", "10.51.0.1") }, vni: undefined };
  await other.networks.create({ ...far, options, about: about! }, () => null);
  const endpoint = { NetworkID: id("f"), EndpointID: id("e"), Interface: { Address: "10.51.0.7/24", MacAddress: "" }, Options: {} };
  expect(await call("CreateEndpoint", endpoint)).toEqual({ Interface: { MacAddress: "02:42:0a:33:00:07" } });
  await expect(call("CreateEndpoint", endpoint)).rejects.toThrow("exists already");
  await expect(call("CreateEndpoint", { ...endpoint, NetworkID: id("x"), EndpointID: id("y") })).rejects.toThrow(
    "there is no network xxxxxxxxxxxx in the cluster",
  );
  await other.sync();
  expect(other.view.endpointsIn(id("f"))).toMatchObject([{ id: id("e"), node: "a" }]);
  const joined = { NetworkID: id("f"), EndpointID: id("e"), SandboxKey: "/var/run/docker/netns/1", Options: {} };
  expect(await call("Join", joined)).toMatchObject({ Gateway: "10.51.0.1", DisableGatewayService: false });
  await call("Leave", joined);
  await call("DeleteEndpoint", joined);
  await other.sync();
  expect(other.view.endpointsIn(id("f"))).toEqual([]);
  await call("DeleteNetwork", made);
  await other.sync();
  expect([...other.view.networks.keys()]).toEqual([id("f")]);
});

it("keeps nobody waiting for the store whose endpoint is not of the cluster", async () => {
  const { client, overlays, catalog } = await start();
  await catalog.create({ name: "shop", driver: "overlay" });
  const live = await catalog.use("shop");
  let answer = (): void => {};
  const late = new Promise<void>((resolve) => {
    answer = resolve;
  });
  const transact = client.transact.bind(client);
  client.transact = async (transaction) => {
    await late;
    return transact(transaction);
  };
  const making = overlays.createEndpoint(live.record, request("e", "web"));
  await overlays.cluster.release(id("f"));
  await overlays.cluster.rename(id("f"), ["www"]);
  answer();
  await making;
});

it("keeps the names of an endpoint whose others the store took without saying so", async () => {
  const { other, client, overlays, catalog } = await start();
  await catalog.create({ name: "shop", driver: "overlay" });
  const live = await catalog.use("shop");
  await overlays.createEndpoint(live.record, request("e", "web"));
  client.hanging = true;
  await expect(overlays.cluster.rename(id("e"), ["www"])).rejects.toMatchObject({ code: "TSP_ERR_STORE", kind: "unavailable" });
  client.hanging = false;
  client.deliver();
  await other.sync();
  await eventually("the others know it as before", () => other.view.endpointsIn(live.record.id)[0]?.names[0] === "web");
});

it("makes networks of both families, with the MTU that every LAN can, and refuses what is one host's or not there", async () => {
  const { overlays, catalog } = await start("a route");
  const make = (change: object) => catalog.create({ name: "shop", driver: "overlay", subnet: "10.9.0.0/24", ...change });
  await expect(make({})).rejects.toMatchObject({ code: "TSP_ERR_NETWORK", kind: "conflict", message: expect.stringContaining("a route") });
  const free = await start();
  const { id: network } = await free.catalog.create({ name: "shop", driver: "overlay", ipv6: true });
  const { subnets, options } = free.overlays.cluster.view.networks.get(network)!;
  expect([subnets.ipv4?.gateway, subnets.ipv6?.prefix.prefixLength, options.mtu]).toEqual([ip("10.0.0.1"), 64, 1450]);
  const { addresses } = await free.overlays.createEndpoint((await free.catalog.use("shop")).record, request("e", "web"));
  expect([addresses.ipv4, addresses.ipv6?.family]).toEqual([ip("10.0.0.2"), 6]);
  const option = (key: string, value: string) => make({ options: { [key]: value } });
  for (const word of ["false", "yes", "aes"])
    await expect(option("encrypted", word)).rejects.toMatchObject({ message: `option encrypted: '${word}' is not understood` });
  for (const driver of ["bridge", "macvlan"])
    await expect(make({ driver, encrypt: true })).rejects.toMatchObject({
      message: `a network of driver ${driver} cannot be encrypted: it has no frames between nodes`,
    });
  for (const vni of ["0", "16777216", "1,2", "x"])
    await expect(option("com.docker.network.driver.overlay.vxlanid_list", vni)).rejects.toMatchObject({
      message: expect.stringContaining("is no VNI"),
    });
  await expect(option("com.docker.network.host_ipv4", "192.0.2.1")).rejects.toMatchObject({ kind: "invalid" });
  await expect(catalog.create({ name: "x", driver: "weave" })).rejects.toMatchObject({ hint: "use -d bridge, overlay, macvlan or ipvlan" });
  const alone = new NetworkCatalog((await ModelFixture.start()).model, {
    overlap: () => null,
    onChange: () => () => {},
    addressesOn: () => [],
  });
  await expect(alone.create({ name: "x", driver: "overlay" })).rejects.toMatchObject({ hint: "start it with --store etcd://HOST:2379" });
  expect(overlays.networks()).toEqual([]);
});

it("leaves nothing where the dataplane refuses a device: no address, no network here", async () => {
  const { store, fixture, overlays, catalog } = await start();
  await catalog.create({ name: "shop", driver: "overlay" });
  const live = await catalog.use("shop");
  fixture.deviceError = new Error("no more devices");
  await expect(overlays.createEndpoint(live.record, request("e", "web"))).rejects.toThrow("no more devices");
  expect([store.list("/tsproxy/c/held/").entries, store.list("/tsproxy/c/map/endpoints/").entries, [...fixture.specs]]).toEqual([
    [],
    [],
    [],
  ]);
});

it("keeps a network and who is in it over a restart, also while the store is away; and drops one that nobody is in", async () => {
  const { other, client, fixture, node, overlays, catalog } = await start();
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  const live = await catalog.use("shop");
  const { device } = await overlays.createEndpoint(live.record, request("e", "web"));
  await overlays.close();
  client.unreachable = true;
  fixture.found.set(id("e"), { name: device, nsFd: -1 });
  await fixture.restart();
  const again = await node();
  open.push(again.overlays);
  expect([...fixture.specs]).toMatchObject([{ kind: "overlay" }]);
  expect(again.catalog.find("shop").live?.record.id).toBe(network);
  client.unreachable = false;
  await eventually("it is known again", () => other.view.endpointsIn(network).some(({ names }) => names[0] === "web"));
  await eventually("and knows", () => again.overlays.networks().length === 1);
  await fixture.model.deleteEndpoint(network, id("e"));
  await again.overlays.left(network, id("e"));
  await eventually("it can be removed", () => again.catalog.remove("shop").catch(() => undefined));
  expect([[...fixture.specs], again.catalog.list().some(({ name }) => name === "shop")]).toEqual([[], false]);
});
