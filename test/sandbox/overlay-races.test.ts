/** Several join a network of the cluster on one node at once, and leave it: it is made once, and taken away from nobody. */
import { expect, it } from "vitest";
import { formatIp } from "../../src/wire/ip-address.js";
import { ip } from "../support/ip.js";
import { eventually } from "../support/proc.js";
import { id, request, start, use } from "./overlay-fixture.js";

const outcomes = (settled: readonly PromiseSettledResult<unknown>[]): string[] =>
  settled.map((each) => (each.status === "fulfilled" ? "done" : (each.reason as Error).message));

it("makes the network once for all that join it in the same instant, by whatever way", async () => {
  const { fixture, overlays, catalog } = await start();
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  const joins = ["a", "b", "c"].map((letter) => overlays.createEndpointIn(network, request(letter, letter)));
  const all = await Promise.all([...joins, catalog.use("shop"), catalog.use("shop")]);
  expect(all.slice(0, 3).map((each) => "addresses" in each && formatIp(each.addresses.ipv4!))).toEqual(["10.0.0.2", "10.0.0.3", "10.0.0.4"]); // biome-ignore format: short
  expect([...fixture.specs]).toHaveLength(1);
});

it("keeps the network for one who joins while the last leaves, or while another one's joining fails", async () => {
  const { fixture, overlays, catalog } = await start();
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  const leave = async (letter: string): Promise<void> => {
    await fixture.model.deleteEndpoint(network, id(letter));
    await overlays.left(network, id(letter));
  };
  await overlays.createEndpointIn(network, request("a", "a"));
  for (const [last, next] of ["ab", "bc", "cd", "de"]) {
    const wrong = { ...request("f", "f"), addresses: { ipv4: ip("192.0.2.77") } };
    // As dockerd has it between CreateEndpoint and Join: it is in no sandbox yet.
    const good = { ...request(next!, next!), sandbox: "" };
    const settled = await Promise.allSettled([overlays.createEndpointIn(network, wrong), leave(last!), overlays.createEndpointIn(network, good)]); // biome-ignore format: short
    expect(outcomes(settled)).toEqual(["address 192.0.2.77 is no host's address in 10.0.0.0/24", "done", "done"]);
    expect(fixture.model.endpoints.map(({ record }) => record.id)).toEqual([id(next!)]);
  }
  await leave("e");
  expect([...fixture.specs]).toEqual([]);
});

it("gives an endpoint that is asked for twice in the same instant to the first, and leaves it its address", async () => {
  const { store, overlays, catalog } = await start();
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  const twice = [request("a", "a"), request("a", "a")].map((each) => overlays.createEndpointIn(network, each));
  expect(outcomes(await Promise.allSettled(twice))).toEqual(["done", "endpoint aaaaaaaaaaaa exists already"]);
  expect(store.list(`/tsproxy/c/held/${network}/`).entries.map(({ key }) => key.split("/").at(-1))).toEqual(["10.0.0.2"]);
  expect(store.list(`/tsproxy/c/map/endpoints/${network}/`).entries).toHaveLength(1);
});

it("gives back what an endpoint had whose sandbox ended and whose front end never deleted it, when it is forgotten", async () => {
  const { other, fixture, overlays, catalog } = await start();
  const { id: network } = await catalog.create({ name: "shop", driver: "overlay" });
  const { device } = await overlays.createEndpointIn(network, request("a", "a"));
  fixture.devices.get(device)!.onGone();
  await overlays.createEndpointIn(network, request("b", "b"));
  await other.sync();
  await eventually("it is no more", () => other.view.endpointsIn(network).map(({ names }) => names[0]).join() === "b"); // biome-ignore format: short
  expect(formatIp((await other.claim(other.view.networks.get(network)!, { id: id("d"), use: use("db") })).addresses.ipv4!)).toBe(
    "10.0.0.2",
  );
});
