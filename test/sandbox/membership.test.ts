import { describe, expect, it } from "vitest";
import type { NetworkCreate } from "../../src/api/network-types.js";
import { TsproxyError } from "../../src/errors.js";
import { chosenAddresses } from "../../src/model/addresses.js";
import type { DefaultRoute, Namespace, SandboxDevice } from "../../src/sandbox/device-setup.js";
import { Membership } from "../../src/sandbox/membership.js";
import { NetworkCatalog } from "../../src/sandbox/network-catalog.js";
import type { SandboxRecord } from "../../src/sandbox/records.js";
import { planSandbox } from "../../src/sandbox/sandbox-request.js";
import { ModelFixture } from "../model/model-fixture.js";

/** A namespace that takes notes. */
class Notes {
  readonly path = "/run/netns/web";
  readonly devices = new Map<string, string>();
  route: DefaultRoute | undefined;
  ipv6Route: DefaultRoute | undefined;
  /** Makes the next device refuse to come in. */
  failure: Error | undefined;

  has(device: string): boolean {
    return this.devices.has(device);
  }

  freeName(prefix: string): string {
    let i = 0;
    while (this.has(`${prefix}${i}`)) i++;
    return `${prefix}${i}`;
  }

  setUpDevice({ name, addresses }: SandboxDevice): void {
    if (this.failure !== undefined) throw this.failure;
    this.devices.set(name, addresses.map(({ address, prefixLength }) => `${address}/${prefixLength}`).join(" "));
  }

  setDefaultRoute(before: DefaultRoute | undefined, after: DefaultRoute | undefined): boolean {
    if ((after ?? before)!.gateway.includes(":")) this.ipv6Route = after;
    else this.route = after;
    return true;
  }
}

async function start(...networks: (NetworkCreate | string)[]) {
  const fixture = await ModelFixture.start(chosenAddresses);
  const catalog = new NetworkCatalog(
    fixture.model,
    { overlap: () => null, onChange: () => () => {}, addressesOn: () => [] },
    () => () => null,
  );
  for (const network of networks) await catalog.create(typeof network === "string" ? { name: network } : network);
  const notes = new Notes();
  const membership = new Membership(fixture.model, catalog);
  const plan = planSandbox({ kind: "run", command: ["true"], network: "front", name: "web", publish: ["8999:80"] }, () => false);
  const sandbox: SandboxRecord = { ...plan.record, pid: 1, startTime: "", netns: notes.path, netnsInode: 1 };
  const namespace = notes as unknown as Namespace;
  return {
    fixture,
    notes,
    sandbox,
    attach: async (network: string, more: object = {}) => {
      sandbox.attachments.push(await membership.attach(sandbox, namespace, { network, ...more }));
    },
    arrange: async () => {
      const { gateways, warnings } = await membership.arrange(sandbox, namespace);
      delete sandbox.gateway;
      delete sandbox.ipv6Gateway;
      if (gateways.ipv4 !== undefined) sandbox.gateway = gateways.ipv4;
      if (gateways.ipv6 !== undefined) sandbox.ipv6Gateway = gateways.ipv6;
      return warnings;
    },
    rearrange: () => membership.rearrange(sandbox, namespace),
    leave: async (n: number) => {
      const [attachment] = sandbox.attachments.splice(n, 1);
      await membership.detach(attachment!);
    },
    sweep: (...known: SandboxRecord[]) => membership.sweep(known),
  };
}

describe("who joins a network", () => {
  it("gets the lowest address, a device of the next name, and its names: its own, aliases, the start of its id", async () => {
    const s = await start("front", "back");
    await s.attach("front");
    await s.attach("back", { aliases: ["www"] });
    expect([...s.notes.devices]).toEqual([
      ["eth0", "172.18.0.2/16"],
      ["eth1", "172.19.0.2/16"],
    ]);
    expect(s.fixture.model.endpoints.map(({ record }) => record.use)).toEqual([
      { owner: s.sandbox.id, names: ["web", s.sandbox.id.slice(0, 12)] },
      { owner: s.sandbox.id, names: ["web", "www", s.sandbox.id.slice(0, 12)] },
    ]);
    expect(s.fixture.endpointViews().map(({ state, sandbox }) => [state, sandbox])).toEqual(Array(2).fill(["joined", "/run/netns/web"]));
  });

  it.each([
    ["the store", (s: Awaited<ReturnType<typeof start>>) => (s.fixture.storeError = new Error("full"))],
    ["the dataplane", (s: Awaited<ReturnType<typeof start>>) => (s.fixture.deviceError = new Error("no device"))],
    [
      "the namespace",
      (s: Awaited<ReturnType<typeof start>>) => (s.notes.failure = new TsproxyError("TSP_ERR_SYSCALL", "unavailable", "gone")),
    ],
  ])("leaves nothing behind when %s refuses, and may try again", async (_who, refuse) => {
    const s = await start("front");
    const before = await s.fixture.picture();
    refuse(s);
    await expect(s.attach("front")).rejects.toThrow(/full|no device|gone/);
    s.fixture.storeError = s.fixture.deviceError = s.notes.failure = undefined;
    expect(await s.fixture.picture()).toEqual(before);
    await s.attach("front");
    expect(s.notes.devices.get("eth0")).toBe("172.18.0.2/16");
  });

  it.each([
    [{ ip: "172.18.0.2" }, "Address already in use: address 172.18.0.2 is that of endpoint"],
    [{ ip: "10.0.0.1" }, "invalid address 10.0.0.1: no configured subnet contains it"],
    [{ ip6: "fd00:9::9" }, "invalid address fd00:9::9: no configured subnet contains it"],
    [{ ip6: "10.0.0.1" }, "invalid IPv6 address: 10.0.0.1"],
    [{ device: "eth0" }, "there is a device 'eth0' in '/run/netns/web' already"],
    [{}, "endpoint with name web already exists in network front"],
  ])("is refused with %j in Docker's words, and nothing changes", async (more, message) => {
    const s = await start("front");
    await s.attach("front");
    const before = await s.fixture.picture();
    if ("ip" in more || "ip6" in more) s.sandbox.attachments.length = 0; // as another sandbox
    await expect(s.attach("front", more)).rejects.toThrow(message);
    expect(await s.fixture.picture()).toEqual(before);
  });
});

describe("who cannot join a network for something else than the address", () => {
  it.each([{}, { ip: "172.18.0.9" }])("is told what it is, and what to do about that, with %j", async (more) => {
    const s = await start("front");
    await s.attach("front");
    s.sandbox.attachments.length = 0; // as another sandbox
    const { mac } = s.fixture.model.endpoints[0]!.record;
    await expect(s.attach("front", { ...more, mac })).rejects.toMatchObject({
      message: expect.stringMatching(/^MAC address .* is that of endpoint /),
      hint: "give one of them another",
    });
  });
});

describe("default route and published ports", () => {
  it("go by the first name, whatever the order of joining; and move when that network is left", async () => {
    const s = await start("front", "back");
    await s.attach("front");
    await s.arrange();
    expect([s.notes.route?.device, ...s.fixture.published]).toEqual(["eth0", "0.0.0.0:8999 -> 172.18.0.2:80/tcp"]);
    await s.attach("back");
    await s.arrange();
    expect([s.notes.route?.device, ...s.fixture.published]).toEqual(["eth1", "0.0.0.0:8999 -> 172.19.0.2:80/tcp"]);
    await s.leave(1);
    await s.arrange();
    expect([s.notes.route?.device, ...s.fixture.published]).toEqual(["eth0", "0.0.0.0:8999 -> 172.18.0.2:80/tcp"]);
  });

  it("go by the highest priority before the name, and never by an internal network", async () => {
    const s = await start("front", "back", { name: "a-inner", internal: true });
    await s.attach("a-inner");
    expect(await s.arrange()).toEqual(["ports are not published: an internal network publishes none"]);
    expect(s.notes.route).toBeUndefined();
    await s.attach("back");
    await s.attach("front", { gwPriority: 1 });
    await s.arrange();
    expect(s.notes.route).toEqual({ device: "eth2", gateway: "172.18.0.1" });
  });

  it("are the same when it is arranged again, as after a restart that did not know how far it was", async () => {
    const s = await start("front");
    await s.attach("front");
    await s.arrange();
    delete s.sandbox.gateway;
    await s.arrange();
    expect([...s.fixture.published]).toEqual(["0.0.0.0:8999 -> 172.18.0.2:80/tcp"]);
  });

  it("say in Docker's words that a port is taken", async () => {
    const s = await start("front");
    s.fixture.taken.add(8999);
    await s.attach("front");
    await expect(s.arrange()).rejects.toThrow("Bind for 0.0.0.0:8999 failed: port is already allocated (nginx (pid 1) has it)");
  });
});

describe("with IPv6", () => {
  const both = (name: string, n: number): NetworkCreate => ({ name, ipv6: true, subnet: [`10.${n}.0.0/24`, `fd00:${n}::/64`] });
  const six = (name: string, n: number): NetworkCreate => ({ name, ipv4: false, ipv6: true, subnet: `fd00:${n}::/64` });

  it("an endpoint has an address and a default route of each family that its network has", async () => {
    const s = await start(both("front", 1), six("six", 2));
    s.fixture.families = [4, 6];
    await s.attach("front", { ip6: "fd00:1::44" });
    await s.attach("six");
    await s.arrange();
    expect([...s.notes.devices]).toEqual([
      ["eth0", "10.1.0.2/24 fd00:1::44/64"],
      ["eth1", "fd00:2::2/64"],
    ]);
    expect([s.notes.route, s.notes.ipv6Route]).toEqual([
      { device: "eth0", gateway: "10.1.0.1" },
      { device: "eth0", gateway: "fd00:1::1" },
    ]);
    expect([...s.fixture.published]).toEqual(["0.0.0.0:8999 -> 10.1.0.2:80/tcp", "[::]:8999 -> [fd00:1::44]:80/tcp"]);
  });

  it("each family goes by the first network that has it, and its ports with it; a picked one is the same in both", async () => {
    const s = await start("front", six("six", 2));
    s.fixture.families = [4, 6];
    s.sandbox.ports[0]!.hostPort = s.sandbox.ports[0]!.hostPortEnd = 0;
    await s.attach("front");
    await s.arrange();
    // Nothing else has IPv6: its clients are translated.
    expect([...s.fixture.published]).toEqual(["0.0.0.0:32768 -> 172.18.0.2:80/tcp", "[::]:32768 -> 172.18.0.2:80/tcp"]);
    await s.attach("six");
    await s.arrange();
    expect([s.notes.route?.device, s.notes.ipv6Route?.device]).toEqual(["eth0", "eth1"]);
    expect([...s.fixture.published]).toEqual(["0.0.0.0:32768 -> 172.18.0.2:80/tcp", "[::]:32768 -> [fd00:2::2]:80/tcp"]);
    await s.leave(0);
    await s.arrange();
    expect([...s.fixture.published]).toEqual(["0.0.0.0:32768 -> [fd00:2::2]:80/tcp", "[::]:32768 -> [fd00:2::2]:80/tcp"]);
  });

  it("what failed half-way is as before once the new network is left", async () => {
    const s = await start("front", six("six", 2));
    s.fixture.families = [4, 6];
    await s.attach("front");
    await s.arrange();
    const before = [...s.fixture.published];
    await s.attach("six");
    const publish = s.fixture.publisher.publish;
    s.fixture.publisher.publish = (spec) => {
      if (spec.targets.ipv6 !== undefined) throw new Error("no");
      return publish(spec);
    };
    await expect(s.arrange()).rejects.toThrow("no");
    expect([...s.fixture.published]).not.toEqual(before);
    await s.leave(1);
    await s.rearrange();
    expect([...s.fixture.published]).toEqual(before);
    expect(s.notes.route?.device).toBe("eth0");
  });

  it("a port on an address of the host goes by the network of its family", async () => {
    const s = await start("front", six("six", 2));
    s.fixture.families = [4, 6];
    s.sandbox.ports[0]!.hostIp = "::1";
    await s.attach("front");
    await s.attach("six");
    await s.arrange();
    expect([...s.fixture.published]).toEqual(["[::1]:8999 -> [fd00:2::2]:80/tcp"]);
  });
});

it("endpoints that no sandbox knows are swept: of an operation that was cut off", async () => {
  const s = await start("front");
  await s.attach("front");
  await s.sweep(s.sandbox);
  expect(s.fixture.model.endpoints).toHaveLength(1);
  await s.sweep();
  expect(s.fixture.model.endpoints).toEqual([]);
});
