import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TsproxyError } from "../../src/errors.js";
import { setLogSink } from "../../src/log.js";
import { lowestFree } from "../../src/model/addresses.js";
import { NetworkModel } from "../../src/model/network-model.js";
import { DEFAULT_OPTIONS, type Records } from "../../src/model/records.js";
import type { EndpointRequest, NetworkRequest, PortRequest } from "../../src/model/requests.js";
import type { Store } from "../../src/model/store.js";
import { subnetOf } from "../../src/model/views.js";
import { systemError } from "../../src/sys/native.js";
import { deleted } from "../../src/sys/setting-up.js";
import { parseMac } from "../../src/wire/ethernet.js";
import { formatIp } from "../../src/wire/ip-address.js";
import { ip, subnet } from "../support/ip.js";
import { ENDPOINT, ModelFixture, NETWORK, OTHER, SANDBOX } from "./model-fixture.js";

const REQUEST: NetworkRequest = {
  id: NETWORK,
  subnets: { ipv4: subnet("172.18.0.0/16") },
  options: { ...DEFAULT_OPTIONS },
};
const WEB: EndpointRequest = { id: ENDPOINT, addresses: { ipv4: ip("172.18.0.2") } };
const NEXT = { ipv4: ip("172.18.0.3") };

function port(hostPort: number, change: Partial<PortRequest> = {}): PortRequest {
  const range = { hostPort, hostPortEnd: hostPort, pickFromRange: false, targetPort: 80, targetPortEnd: 80 };
  return { hostIp: null, ...range, proto: "tcp", ...change };
}

type Stage = "empty" | "network" | "endpoint" | "joined" | "published";

/** A model in one of the states of an endpoint's life. */
async function at(stage: Stage, options: Partial<NetworkRequest["options"]> = {}): Promise<ModelFixture> {
  const f = await ModelFixture.start();
  const steps: [Stage, () => Promise<unknown>][] = [
    ["empty", async () => {}],
    ["network", () => f.model.createNetwork({ ...REQUEST, options: { ...DEFAULT_OPTIONS, ...options } })],
    ["endpoint", () => f.model.createEndpoint(NETWORK, WEB)],
    ["joined", () => f.model.join(NETWORK, ENDPOINT, SANDBOX)],
    ["published", () => f.model.publish(NETWORK, ENDPOINT, [port(8080)])],
  ];
  for (const [name, step] of steps) {
    await step();
    if (name === stage) return f;
  }
  return f;
}

const message = (action: Promise<unknown>): Promise<string> =>
  action.then(
    () => "it works",
    (error: unknown) => (error as TsproxyError).describe(),
  );

describe("a life", () => {
  it("begins with nothing and ends with nothing", async () => {
    const f = await at("empty");
    const before = await f.picture();
    await f.model.createNetwork(REQUEST);
    const endpoint = await f.model.createEndpoint(NETWORK, WEB);
    expect(endpoint).toMatchObject({ ...WEB, mac: "02:42:ac:12:00:02", device: "tspeeeeeeeeeee", sandbox: "" });
    const joined = await f.model.join(NETWORK, ENDPOINT, SANDBOX);
    expect(joined).toMatchObject({ endpoint: { device: "tspeeeeeeeeeee", sandbox: SANDBOX }, network: { subnets: REQUEST.subnets } });
    await f.model.publish(NETWORK, ENDPOINT, [port(8080), port(0, { proto: "udp" })]);
    expect([...f.published]).toEqual(["0.0.0.0:8080 -> 172.18.0.2:80/tcp", "0.0.0.0:32768 -> 172.18.0.2:80/udp"]);
    await f.model.withdraw(NETWORK, ENDPOINT);
    expect([...f.published]).toEqual([]);
    await f.model.leave(NETWORK, ENDPOINT);
    await f.model.deleteEndpoint(NETWORK, ENDPOINT);
    await f.model.deleteNetwork(NETWORK);
    expect(await f.picture()).toEqual(before);
  });

  it("of an endpoint that is dismissed is remembered until its device is gone, so that the next process finds what a killed one has left", async () => {
    const f = await at("endpoint");
    const remembered = async (): Promise<number> => ((await f.picture()) as { records: Records }).records.endpoints.length;
    let gone: () => void = () => {};
    f.leaving = new Promise((resolve) => {
      gone = resolve;
    });
    await f.model.deleteEndpoint(NETWORK, ENDPOINT, { wait: false });
    expect([f.endpointViews(), await remembered()]).toEqual([[], 1]);
    gone();
    await vi.waitFor(async () => expect(await remembered()).toBe(0));
    expect(f.devices.size).toBe(0);
    // Its id may be another one's by then.
    f.leaving = new Promise((resolve) => {
      gone = resolve;
    });
    await f.model.createEndpoint(NETWORK, WEB);
    await f.model.deleteEndpoint(NETWORK, ENDPOINT, { wait: false });
    await f.model.createEndpoint(NETWORK, WEB);
    gone();
    await f.model.setUse(NETWORK, ENDPOINT, { owner: "web", names: ["web"] });
    expect(await remembered()).toBe(1);
    // Killed meanwhile, with the network deleted too.
    f.leaving = new Promise(() => {});
    await f.model.deleteEndpoint(NETWORK, ENDPOINT, { wait: false });
    await f.model.deleteNetwork(NETWORK);
    expect(await remembered()).toBe(1);
    await f.restart();
    expect([f.removedFromHost, await remembered()]).toEqual([["tspeeeeeeeeeee"], 0]);
  });

  it("publishes on the host address that the network says, unless the port says another", async () => {
    const f = await at("joined", { hostBinding: ip("192.0.2.1") });
    await f.model.publish(NETWORK, ENDPOINT, [port(8080), port(8081, { hostIp: ip("127.0.0.1") })]);
    expect([...f.published]).toEqual(["192.0.2.1:8080 -> 172.18.0.2:80/tcp", "127.0.0.1:8081 -> 172.18.0.2:80/tcp"]);
  });

  it("may be of both families: ports that name no host address are published on all, each for the address of its family", async () => {
    const f = await at("empty");
    f.families = [4, 6];
    await f.model.createNetwork({ ...REQUEST, subnets: { ...REQUEST.subnets, ipv6: subnet("fd00:18::/64") } });
    await f.model.createEndpoint(NETWORK, { ...WEB, addresses: { ...WEB.addresses, ipv6: ip("fd00:18::2") } });
    expect(f.networkViews()).toMatchObject([{ subnet: "172.18.0.0/16", ipv6Subnet: "fd00:18::/64", ipv6Gateway: "fd00:18::1" }]);
    await f.model.join(NETWORK, ENDPOINT, SANDBOX);
    await f.model.publish(NETWORK, ENDPOINT, [port(8080), port(8081, { hostIp: ip("::") })]);
    const published = ["0.0.0.0:8080 -> 172.18.0.2:80/tcp", "[::]:8080 -> [fd00:18::2]:80/tcp", "[::]:8081 -> [fd00:18::2]:80/tcp"];
    expect([...f.published]).toEqual(published);
    const [view] = f.endpointViews();
    expect(view).toMatchObject({ address: "172.18.0.2", ipv6Address: "fd00:18::2", mac: "02:42:ac:12:00:02" });
    expect(view!.ports.map(({ hostIp, targetIp }) => `${hostIp} ${targetIp}`)).toEqual([
      "0.0.0.0 172.18.0.2",
      ":: fd00:18::2",
      ":: fd00:18::2",
    ]);
    f.found.set(ENDPOINT, { name: "eth0", nsFd: -1 });
    await f.restart();
    expect([...f.published]).toEqual(published);
    expect(f.devices.get("eth0")).toMatchObject({ addresses: { ipv4: ip("172.18.0.2"), ipv6: ip("fd00:18::2") } });
  });

  it("may be of IPv6 alone, or use it for clients of both", async () => {
    const f = await at("empty");
    f.families = [4, 6];
    await f.model.createNetwork({ ...REQUEST, subnets: { ipv6: subnet("fd00:18::/112") } });
    await f.model.createEndpoint(NETWORK, { id: ENDPOINT, addresses: { ipv6: ip("fd00:18::2") } });
    await f.model.join(NETWORK, ENDPOINT, SANDBOX);
    await f.model.publish(NETWORK, ENDPOINT, [port(8080)]);
    expect([...f.published]).toEqual(["0.0.0.0:8080 -> [fd00:18::2]:80/tcp", "[::]:8080 -> [fd00:18::2]:80/tcp"]);
    expect(f.networkViews()).toMatchObject([{ subnet: "", gateway: "", ipv6Subnet: "fd00:18::/112" }]);
  });

  it("takes the ports back with the endpoint's leave, and with its deletion", async () => {
    for (const end of [
      (f: ModelFixture) => f.model.leave(NETWORK, ENDPOINT),
      (f: ModelFixture) => f.model.deleteEndpoint(NETWORK, ENDPOINT),
    ]) {
      const f = await at("published");
      await end(f);
      expect([...f.published]).toEqual([]);
    }
  });

  it("of a network takes with it the endpoints that have not joined, and their devices", async () => {
    const f = await at("endpoint");
    await f.model.deleteNetwork(NETWORK);
    expect([f.devices.size, f.specs.size, f.endpointViews(), f.networkViews()]).toEqual([0, 0, [], []]);
  });

  it("may have several networks, each with a name of its own or none", async () => {
    const f = await at("empty");
    await f.model.createNetwork({ ...REQUEST, name: "shop" });
    const second = { ...REQUEST, id: OTHER, subnets: { ipv4: subnet("172.19.0.0/16") } };
    expect(await message(f.model.createNetwork({ ...second, name: "shop" }))).toBe("there is a network with the name 'shop' already");
    await f.model.createNetwork(second);
    await f.model.createNetwork({ ...second, id: "c".repeat(64), name: "web" });
    const words = ["shop", "web", "a", "c".repeat(64), "", "d", "sho"];
    expect(words.map((word) => subnetOf(f.model, word) !== undefined)).toEqual([true, true, true, true, false, false, false]);
    expect(subnetOf(f.model, "shop")).toBe("172.18.0.0/16");
    expect(f.networkViews().map(({ id }) => id[0])).toEqual(["a", "b", "c"]);
  });

  it("is told in errors by the names that people have given", async () => {
    const f = await at("empty");
    await f.model.createNetwork({ ...REQUEST, name: "shop" });
    await f.model.createEndpoint(NETWORK, { ...WEB, use: { owner: "", names: ["web", "www"] } });
    expect(await message(f.model.publish(NETWORK, ENDPOINT, [port(80)]))).toBe("endpoint web has not joined");
    await f.model.join(NETWORK, ENDPOINT, "/run/netns/web");
    expect(await message(f.model.deleteNetwork(NETWORK))).toBe(
      "network shop has joined endpoints: web 172.18.0.2: end or disconnect them: 'tsproxy ps' shows which they are",
    );
  });

  it("leaves addresses to a manager that may choose them", async () => {
    const f = await ModelFixture.start();
    const store = { load: async () => ({ networks: [], endpoints: [] }), commit: async () => {} };
    const model = new NetworkModel(f, f, store, { claim: (space) => lowestFree(space, space.taken)! });
    await model.restore();
    await model.createNetwork(REQUEST);
    const first = await model.createEndpoint(NETWORK, { id: ENDPOINT });
    const second = await model.createEndpoint(NETWORK, { id: OTHER });
    expect([first, second].map(({ addresses }) => formatIp(addresses.ipv4!))).toEqual(["172.18.0.2", "172.18.0.3"]);
  });

  it("is carried out call by call, in the order of the calls", async () => {
    const f = await at("empty");
    const { model } = f;
    const all = [
      model.createNetwork(REQUEST),
      model.createEndpoint(NETWORK, WEB),
      model.join(NETWORK, ENDPOINT, SANDBOX),
      model.publish(NETWORK, ENDPOINT, [port(8080)]),
      model.leave(NETWORK, ENDPOINT),
      model.deleteEndpoint(NETWORK, ENDPOINT),
      model.deleteNetwork(NETWORK),
    ];
    await Promise.all(all);
    expect([f.specs.size, f.devices.size, f.published.size]).toEqual([0, 0, 0]);
  });

  it("waits for what an earlier process left to be there again", async () => {
    const f = await at("network");
    const order: string[] = [];
    const store: Store = {
      load: async () => ({ networks: [], endpoints: [] }),
      commit: async ({ putNetworks }) => void order.push(putNetworks === undefined ? "restored" : "created"),
    };
    const model = new NetworkModel(f, f, store);
    const created = model.createNetwork(REQUEST);
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(order).toEqual([]);
    await model.restore();
    await created;
    expect(order).toEqual(["restored", "created"]);
  });
});

describe("a request that cannot be", () => {
  const bad: [Stage, string, (f: ModelFixture) => Promise<unknown>, RegExp][] = [
    ["empty", "an id that is none", (f) => f.model.createNetwork({ ...REQUEST, id: "../../x" }), /'\.\.\/\.\.\/x' is no id/],
    [
      "empty",
      "a reserved subnet",
      (f) => f.model.createNetwork({ ...REQUEST, subnets: { ipv4: subnet("127.9.0.0/16") } }),
      /subnet 127\.9.*reserved/,
    ],
    [
      "empty",
      "a small subnet",
      (f) => f.model.createNetwork({ ...REQUEST, subnets: { ipv4: subnet("10.0.0.0/31") } }),
      /\/31 is too small: use .*\/30/,
    ],
    [
      "empty",
      "a gateway outside",
      (f) => f.model.createNetwork({ ...REQUEST, subnets: { ipv4: subnet("172.18.0.0/16", "0.0.0.1") } }),
      /gateway 0\.0\.0\.1\/16 is no host's address/,
    ],
    ["empty", "an MTU", (f) => f.model.createNetwork({ ...REQUEST, options: { ...DEFAULT_OPTIONS, mtu: 67 } }), /MTU 67.*68 to 65521/],
    [
      "empty",
      "an address of a family that it has not",
      (f) => f.model.createNetwork({ ...REQUEST, options: { ...DEFAULT_OPTIONS, outside: { ipv6: ip("2001:db8::1") } } }),
      /nothing leaves as 2001:db8::1: the network has no IPv6 subnet/,
    ],
    ["empty", "no subnet", (f) => f.model.createNetwork({ ...REQUEST, subnets: {} }), /has no subnet/],
    [
      "empty",
      "a subnet of interfaces",
      (f) => f.model.createNetwork({ ...REQUEST, subnets: { ipv6: subnet("fe80::/64") } }),
      /subnet fe80::\/64: link-local.*use a private network, like fd00:44::\/64/,
    ],
    [
      "empty",
      "an IPv6 gateway outside",
      (f) => f.model.createNetwork({ ...REQUEST, subnets: { ...REQUEST.subnets, ipv6: subnet("fd00::/64", "fd01::1") } }),
      /gateway fd01::1\/64 is no host's address in fd00::\/64/,
    ],
    [
      "network",
      "an address of a family that the network has not",
      (f) => f.model.createEndpoint(NETWORK, { ...WEB, addresses: { ...WEB.addresses, ipv6: ip("fd00::2") } }),
      /address fd00::2: the network has no IPv6 subnet/,
    ],
    [
      "empty",
      "an address that the host has not",
      (f) => f.model.createNetwork({ ...REQUEST, options: { ...DEFAULT_OPTIONS, outside: { ipv4: ip("192.0.2.9") } } }),
      /192\.0\.2\.9 is not an address of this host/,
    ],
    ["network", "a network twice", (f) => f.model.createNetwork(REQUEST), /aaaaaaaaaaaa exists already/],
    ["empty", "no network", (f) => f.model.deleteNetwork(NETWORK), /there is no network aaaaaaaaaaaa/],
    ["joined", "a network in use", (f) => f.model.deleteNetwork(NETWORK), /has joined endpoints: eeeeeeeeeeee 172\.18\.0\.2/],
    ["network", "an endpoint's id", (f) => f.model.createEndpoint(NETWORK, { ...WEB, id: "short" }), /'short' is no id/],
    ["network", "no address", (f) => f.model.createEndpoint(NETWORK, { id: ENDPOINT }), /has no address/],
    ["network", "a short MAC", (f) => f.model.createEndpoint(NETWORK, { ...WEB, mac: Uint8Array.of(2) }), /'02' is no station's/],
    ["network", "a group MAC", (f) => f.model.createEndpoint(NETWORK, { ...WEB, mac: parseMac("01:00:5e:00:00:01")! }), /no station's/],
    ["network", "the gateway's MAC", (f) => f.model.createEndpoint(NETWORK, { ...WEB, mac: parseMac("02:42:ac:12:00:01")! }), /gateway's/],
    ["endpoint", "an endpoint twice", (f) => f.model.createEndpoint(NETWORK, WEB), /eeeeeeeeeeee exists already/],
    [
      "endpoint",
      "an address twice",
      (f) => f.model.createEndpoint(NETWORK, { ...WEB, id: OTHER }),
      /172\.18\.0\.2 is that of endpoint eeeeee/,
    ],
    [
      "endpoint",
      "a MAC twice",
      (f) => f.model.createEndpoint(NETWORK, { id: OTHER, addresses: NEXT, mac: parseMac("02:42:ac:12:00:02")! }),
      /02:42:ac:12:00:02 is that of endpoint eeeeeeeeeeee/,
    ],
    ["network", "no endpoint", (f) => f.model.deleteEndpoint(NETWORK, ENDPOINT), /aaaaaaaaaaaa has no endpoint eeeeeeeeeeee/],
    ["network", "no endpoint to find", (f) => f.model.findEndpoint(NETWORK, ENDPOINT), /has no endpoint/],
    ["endpoint", "a relative sandbox", (f) => f.model.join(NETWORK, ENDPOINT, "netns/1"), /'netns\/1' is no absolute path/],
    ["joined", "a second join", (f) => f.model.join(NETWORK, ENDPOINT, SANDBOX), /has joined \/run\/netns\/web already/],
    ["endpoint", "a leave before", (f) => f.model.leave(NETWORK, ENDPOINT), /has not joined/],
    ["endpoint", "ports before", (f) => f.model.publish(NETWORK, ENDPOINT, [port(80)]), /has not joined/],
    ["published", "ports twice", (f) => f.model.publish(NETWORK, ENDPOINT, [port(81)]), /published already/],
  ];

  it.each(bad)("in state %s: %s is refused and changes nothing", async (stage, _what, call, says) => {
    const f = await at(stage);
    const before = await f.picture();
    const error = await call(f).then(
      () => undefined,
      (e: unknown) => e,
    );
    expect(error).toBeInstanceOf(TsproxyError);
    expect((error as TsproxyError).describe()).toMatch(says);
    expect(await f.picture()).toEqual(before);
  });

  it("is to publish from an internal network", async () => {
    const f = await at("joined", { internal: true });
    expect(await message(f.model.publish(NETWORK, ENDPOINT, [port(80)]))).toMatch(/is internal: it publishes no ports/);
    await f.model.publish(NETWORK, ENDPOINT, []);
  });
});

describe("a step that fails", () => {
  const calls: [Stage, string, (f: ModelFixture) => Promise<unknown>][] = [
    ["empty", "createNetwork", (f) => f.model.createNetwork(REQUEST)],
    ["network", "createEndpoint", (f) => f.model.createEndpoint(NETWORK, WEB)],
    ["network", "deleteNetwork", (f) => f.model.deleteNetwork(NETWORK)],
    ["endpoint", "join", (f) => f.model.join(NETWORK, ENDPOINT, SANDBOX)],
    ["joined", "publish", (f) => f.model.publish(NETWORK, ENDPOINT, [port(8080), port(8081)])],
    ["published", "withdraw", (f) => f.model.withdraw(NETWORK, ENDPOINT)],
    ["published", "leave", (f) => f.model.leave(NETWORK, ENDPOINT)],
  ];

  it.each(calls)("in state %s: %s that cannot be written down changes nothing, and works once it can", async (stage, _name, call) => {
    const f = await at(stage);
    const before = await f.picture();
    f.storeError = systemError("write", 28);
    expect(await message(call(f))).toMatch(/write failed/);
    f.storeError = undefined;
    expect(await f.picture()).toEqual(before);
    await call(f);
  });

  it("in a deletion leaves the endpoint gone, and the deletion may be repeated", async () => {
    for (const remove of [
      (f: ModelFixture) => f.model.deleteEndpoint(NETWORK, ENDPOINT),
      (f: ModelFixture) => f.model.deleteNetwork(NETWORK),
    ]) {
      const f = await at("endpoint");
      f.storeError = systemError("write", 28);
      expect(await message(remove(f))).toMatch(/write failed/);
      expect([f.devices.size, f.endpointViews()[0]?.state]).toEqual([0, "gone"]);
      f.storeError = undefined;
      await remove(f);
      expect(f.endpointViews()).toEqual([]);
    }
  });

  it("in the dataplane leaves no record", async () => {
    const f = await at("empty");
    const before = await f.picture();
    f.networkError = systemError("ioctl(TUNSETIFF)", 16);
    expect(await message(f.model.createNetwork(REQUEST))).toMatch(/EBUSY/);
    expect(await f.picture()).toEqual(before);
    f.networkError = undefined;
    await f.model.createNetwork(REQUEST);
    const made = await f.picture();
    f.deviceError = systemError("ioctl(TUNSETIFF)", 1);
    expect(await message(f.model.createEndpoint(NETWORK, WEB))).toMatch(/EPERM/);
    expect(await f.picture()).toEqual(made);
  });

  it("among several ports withdraws those before it", async () => {
    const f = await at("joined");
    const before = await f.picture();
    f.taken.add(8081);
    expect(await message(f.model.publish(NETWORK, ENDPOINT, [port(8080), port(8081), port(8082)]))).toMatch(/8081\/tcp is taken by nginx/);
    expect(await f.picture()).toEqual(before);
  });

  it("does not stop the calls after it", async () => {
    const f = await at("network");
    f.deviceError = systemError("ioctl(TUNSETIFF)", 1);
    const failing = message(f.model.createEndpoint(NETWORK, WEB));
    const next = f.model.deleteNetwork(NETWORK);
    expect(await failing).toMatch(/EPERM/);
    await next;
    expect(f.networkViews()).toEqual([]);
  });
});

describe("a device that ends with its sandbox", () => {
  async function gone(): Promise<ModelFixture> {
    const f = await at("published");
    f.devices.get("tspeeeeeeeeeee")!.onGone();
    await f.model.findEndpoint(NETWORK, ENDPOINT);
    return f;
  }

  it("leaves an endpoint that is gone, with its ports free", async () => {
    const f = await gone();
    expect(f.endpointViews()).toMatchObject([{ state: "gone", ports: [] }]);
    expect([...f.published]).toEqual([]);
    expect(await message(f.model.publish(NETWORK, ENDPOINT, [port(8080)]))).toMatch(/device of endpoint eeeeeeeeeeee is gone/);
  });

  it("frees the address, and the record goes with the next endpoint", async () => {
    const f = await gone();
    await f.model.createEndpoint(NETWORK, { ...WEB, id: OTHER });
    expect(f.endpointViews()).toMatchObject([{ id: OTHER }]);
    await f.restart();
    expect(f.endpointViews()).toEqual([]); // its device is nowhere, in this test
  });

  it("lets the network be deleted though the endpoint never left", async () => {
    const f = await gone();
    await f.model.deleteNetwork(NETWORK);
    expect([f.networkViews(), f.endpointViews()]).toEqual([[], []]);
  });

  describe("is told of", () => {
    let said: string[];
    beforeEach(() => {
      said = [];
      setLogSink((_, text) => said.push(text));
    });
    afterEach(() => setLogSink(() => {}));

    const tell = async (f: ModelFixture): Promise<void> => {
      f.devices.get("tspeeeeeeeeeee")!.onGone();
      await f.model.findEndpoint(NETWORK, ENDPOINT).catch(() => {});
    };

    it("by its endpoint, and whether its namespace ended or somebody has deleted it", async () => {
      const ended = await at("joined");
      ended.endedSandboxes.add(SANDBOX);
      await tell(ended);
      await tell(await at("joined"));
      await tell(await at("endpoint"));
      const used = await at("joined");
      await used.model.setUse(NETWORK, ENDPOINT, { owner: "web", names: ["web"] });
      await tell(used);
      expect(said).toEqual([
        "endpoint eeeeeeeeeeee 172.18.0.2 is gone: its namespace ended",
        "endpoint eeeeeeeeeeee 172.18.0.2 is gone: its device was deleted by somebody else",
        "endpoint eeeeeeeeeeee 172.18.0.2 is gone: its device was deleted by somebody else",
        "endpoint web 172.18.0.2 is gone: its device was deleted by somebody else",
      ]);
    });

    it("not at all where the endpoint could not be made, or was deleted: whoever asked for that knows", async () => {
      const failed = await at("network");
      let onGone: () => void = () => {};
      failed.onDevice = (device) => {
        onGone = () => device.onGone();
        failed.deviceError = systemError("ioctl(TUNSETIFF)", 1);
      };
      expect(await message(failed.model.createEndpoint(NETWORK, WEB))).toMatch(/EPERM/);
      onGone();
      const deleted = await at("joined");
      const { onGone: later } = deleted.devices.get("tspeeeeeeeeeee")!;
      await deleted.model.deleteEndpoint(NETWORK, ENDPOINT);
      later();
      for (const f of [failed, deleted]) await f.model.setUse(NETWORK, ENDPOINT, { owner: "", names: [] }).catch(() => {});
      expect(said).toEqual([]);
    });
  });

  it("after its endpoint was deleted removes no device in the host's namespace", async () => {
    const f = await at("joined");
    const { onGone } = f.devices.get("tspeeeeeeeeeee")!;
    await f.model.deleteEndpoint(NETWORK, ENDPOINT);
    onGone();
    await f.model.createEndpoint(NETWORK, { ...WEB, id: OTHER });
    expect(f.removedFromHost).toEqual([]);
  });
});

describe("after a restart", () => {
  it("is what it was, each device taken up where it is", async () => {
    const f = await at("published");
    const views = [f.networkViews(), f.endpointViews()];
    f.found.set(ENDPOINT, { name: "eth1", nsFd: -1 });
    await f.restart();
    expect([f.networkViews(), f.endpointViews()]).toEqual(views);
    expect(f.devices.get("eth1")).toMatchObject({ existing: { multiQueue: false } });
    expect([...f.published]).toEqual(["0.0.0.0:8080 -> 172.18.0.2:80/tcp"]);
  });

  it("takes a device up as it was made: one that was made for several workers says so from the first moment", async () => {
    const f = await at("empty");
    f.multiQueue = true; // --workers 2
    await f.model.createNetwork(REQUEST);
    await f.model.createEndpoint(NETWORK, WEB);
    f.found.set(ENDPOINT, { name: "eth0", nsFd: -1 });
    await f.restart();
    expect(f.devices.get("eth0")).toMatchObject({ existing: { multiQueue: true } });
  });

  it("publishes the ports that it can again", async () => {
    const f = await at("joined");
    await f.model.publish(NETWORK, ENDPOINT, [port(8080), port(8081), port(8082)]);
    f.found.set(ENDPOINT, { name: "eth0", nsFd: -1 });
    f.taken.add(8081);
    await f.restart();
    expect(f.endpointViews()[0]?.ports.map(({ hostPort }) => hostPort)).toEqual([8080, 8082]);
  });

  it("makes a network again though the host has not (yet) the address that what leaves is given", async () => {
    const f = await at("network", { outside: { ipv4: ip("192.0.2.1") } });
    f.addresses.clear();
    await f.restart();
    expect(f.networkViews()).toMatchObject([{ device: "tsnaaaaaaaaaaaa" }]);
  });

  it("keeps a network that cannot be made again, and makes it for its next endpoint", async () => {
    const f = await at("network");
    f.networkError = new TsproxyError("TSP_ERR_NETWORK", "conflict", "it overlaps");
    await f.restart();
    expect(f.networkViews()).toMatchObject([{ id: NETWORK, device: "" }]);
    expect(await message(f.model.createEndpoint(NETWORK, WEB))).toBe("it overlaps");
    f.networkError = undefined;
    await f.model.createEndpoint(NETWORK, WEB);
    expect(f.networkViews()).toMatchObject([{ device: "tsnaaaaaaaaaaaa" }]);
  });

  it("forgets endpoints whose device ended, keeps those that it cannot take up, and goes on with a full disk", async () => {
    const f = await at("joined");
    await f.model.createEndpoint(NETWORK, { id: OTHER, addresses: NEXT });
    f.found.set(ENDPOINT, { name: "eth0", nsFd: -1 });
    f.deviceError = systemError("ioctl(TUNSETIFF)", 16);
    f.storeError = systemError("write", 28);
    await f.restart();
    expect(f.endpointViews()).toMatchObject([{ id: ENDPOINT, state: "failed", failure: expect.stringContaining("EBUSY") }]);
    f.storeError = undefined;
    await f.restart();
    await f.model.deleteEndpoint(NETWORK, ENDPOINT);
    expect(f.removedFromHost).toEqual(["tspeeeeeeeeeee"]);
  });

  it("keeps the address of an endpoint that has failed, whose device is there, and says why it cannot be used", async () => {
    const f = await at("joined");
    f.found.set(ENDPOINT, { name: "eth0", nsFd: -1 });
    f.deviceError = systemError("ioctl(TUNSETIFF)", 16);
    await f.restart();
    f.deviceError = undefined;
    expect(await message(f.model.publish(NETWORK, ENDPOINT, [port(8080)]))).toMatch(
      /^the device of endpoint eeeeeeeeeeee could not be taken up again: .*EBUSY/,
    );
    expect(await message(f.model.createEndpoint(NETWORK, { ...WEB, id: OTHER }))).toMatch(/172\.18\.0\.2/);
    f.found.clear(); // it ends, and nobody deletes its endpoint
    await f.model.createEndpoint(NETWORK, { ...WEB, id: OTHER });
    expect(f.endpointViews()).toMatchObject([{ id: OTHER, state: "created" }]);
  });

  it("forgets an endpoint whose device somebody deletes while it is taken up", async () => {
    const f = await at("joined");
    f.found.set(ENDPOINT, { name: "eth0", nsFd: -1 });
    f.deviceError = deleted("eth0");
    await f.restart();
    expect(f.endpointViews()).toEqual([]);
  });
});
