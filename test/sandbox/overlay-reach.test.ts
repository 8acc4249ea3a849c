/** Who is not reached in a network of the cluster, and what says so: nodes of the other family, an address that was given away. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { setLogSink } from "../../src/log.js";
import { chosenAddresses } from "../../src/model/addresses.js";
import { inspectNetwork } from "../../src/sandbox/network-inspect.js";
import { Overlays } from "../../src/sandbox/overlays.js";
import { perFamily } from "../../src/wire/per-family.js";
import { ModelFixture } from "../model/model-fixture.js";
import { ip } from "../support/ip.js";
import { eventually } from "../support/proc.js";
import { id, join, open, request, start, underlay, use } from "./overlay-fixture.js";

let said: string[];
beforeEach(() => {
  said = [];
  setLogSink((_, message) => void said.push(message));
});
afterEach(() => setLogSink(() => {}));

const reachedBy = (overlays: Overlays) => ({
  hasTunnelTo: overlays.hasTunnelTo.bind(overlays),
  isDisplaced: overlays.cluster.isDisplaced.bind(overlays.cluster),
});

it("a node whose tunnels are of the other family is named by both as soon as it is there, and its endpoints marked", async () => {
  const { store, other, fixture, overlays, catalog } = await start(); // IPv4 alone; the other node has both
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  await overlays.createEndpointIn(network, request("a", "a"));
  // One with IPv6 alone, whose daemon this is, too.
  const far = await ModelFixture.start(chosenAddresses, perFamily([ip("2001:db8::3")]));
  const six = new Overlays(far.model, join(store.connect(), "six", "2001:db8::3"), () => null);
  open.push(six);
  await six.start();
  const words = (node: string, theirs: string, ours: string): string =>
    `node ${node} has its tunnels over ${theirs}, this node over ${ours}: neither reaches the other; start all daemons with --advertise and an address of one family`;
  await eventually("all is said", () => said.length > 0 && [words("six", "IPv6", "IPv4"), words("a", "IPv4", "IPv6"), words("b", "IPv4", "IPv6")].every((line) => said.filter((each) => each === line).length === 1)); // biome-ignore format: short
  await six.createEndpointIn(network, request("f", "far"));
  await other.sync();
  await other.claim(other.view.networks.get(network)!, { id: id("d"), use: use("db") });
  await Promise.all([overlays.cluster.sync(), six.cluster.sync()]);
  const marked = ({ Containers }: ReturnType<typeof inspectNetwork>): string[] =>
    Object.values(Containers).filter(({ NoTunnel }) => NoTunnel).map(({ Name }) => Name).sort(); // biome-ignore format: short
  const found = catalog.find("shop");
  expect(marked(inspectNetwork(found, fixture.model, overlays.elsewhere(network), undefined, reachedBy(overlays)))).toEqual(["far"]);
  expect(marked(inspectNetwork(found, far.model, six.elsewhere(network), undefined, reachedBy(six)))).toEqual(["a", "db"]);
  // Nothing is told the dataplanes that could not be sent.
  expect(fixture.told.flatMap(({ put = [] }) => put.map(({ id: each }) => each))).toEqual([id("d")]);
  expect(far.told.flatMap(({ put = [] }) => put)).toEqual([]);
});

it("an endpoint whose address was given away while its node was gone is marked until it has it again", async () => {
  const { store, other, client, fixture, overlays, catalog } = await start();
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  await overlays.createEndpointIn(network, { ...request("a", "a"), addresses: { ipv4: ip("10.0.0.9") } });
  client.unreachable = true;
  await other.sync();
  const gone = store.list("/tsproxy/c/map/nodes/").entries.find(({ key }) => key.endsWith("/a"))!;
  store.end((JSON.parse(gone.value) as { lease: string }).lease);
  await other.sync();
  await other.claim(other.view.networks.get(network)!, { id: id("d"), use: use("db"), addresses: { ipv4: ip("10.0.0.9") } });
  client.unreachable = false;
  store.cut(client);
  const taken = (): boolean | undefined =>
    inspectNetwork(catalog.find("shop"), fixture.model, overlays.elsewhere(network), undefined, reachedBy(overlays)).Containers[id("a")]?.AddressTaken; // biome-ignore format: short
  overlays.cluster.tellKeys(); // its lease's turn comes now
  await eventually("it is marked", () => taken() === true);
  await eventually("it knows whose it is", () => overlays.elsewhere(network)[0]?.names[0] === "db");
  await other.release(id("d"));
  await eventually("it is not", () => taken() === undefined);
  await eventually("it is known again", () => other.view.endpointsIn(network)[0]?.names[0] === "a");
});

it("a network gets an MTU that the underlay of the node that makes it carries; one that it does not is refused", async () => {
  const { overlays, catalog } = await start();
  const mtuOf = async (name: string, change: object = {}): Promise<number | undefined> => {
    const { id: network } = await catalog.create({ name, driver: "overlay", ...change });
    return overlays.networks().find(({ id: each }) => each === network)?.options.mtu;
  };
  const mtu = (value: number) => ({ options: { "com.docker.network.driver.mtu": String(value) } });
  underlay.mtu = 9000;
  expect([await mtuOf("usual"), await mtuOf("large", mtu(8950))]).toEqual([1450, 8950]);
  underlay.mtu = 1460; // as in Google's cloud
  expect([await mtuOf("small"), await mtuOf("sealed", { encrypt: true })]).toEqual([1410, 1378]);
  await expect(mtuOf("x", mtu(1411))).rejects.toMatchObject({
    code: "TSP_ERR_NETWORK",
    kind: "invalid",
    message: "an MTU of 1411 is too large: through the underlay go 1410 bytes",
    hint: expect.stringContaining("give 1410 or less"),
  });
  underlay.mtu = 100;
  await expect(mtuOf("x")).rejects.toMatchObject({ message: "the underlay's MTU is too small for tunnels: it leaves 50 bytes" });
  expect(overlays.networks().map(({ name }) => name).sort()).toEqual(["large", "sealed", "small", "usual"]); // biome-ignore format: short
});
