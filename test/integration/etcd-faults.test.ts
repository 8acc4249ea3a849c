/** Nodes of a cluster on a real etcd of three members, in this process: what fails is the store, or the way to it. All on loopback. */
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Cluster, type ClusterOptions } from "../../src/cluster/cluster.js";
import { parseStore } from "../../src/cluster/etcd-options.js";
import { EtcdStore } from "../../src/cluster/etcd-store.js";
import { Fence } from "../../src/cluster/fence.js";
import { Holdings } from "../../src/cluster/holdings.js";
import { Keys } from "../../src/cluster/keys.js";
import type { GlobalEndpoint } from "../../src/cluster/records.js";
import { DEFAULT_OPTIONS, type NetworkRecord } from "../../src/model/records.js";
import { formatIp } from "../../src/wire/ip-address.js";
import { perFamily } from "../../src/wire/per-family.js";
import { Etcd, etcdObstacle, HangingProxy } from "../support/etcd.js";
import { ip, subnet } from "../support/ip.js";
import { eventually, sleep } from "../support/proc.js";

const obstacle = etcdObstacle();
let ids = 0;
const newId = (): string => `e${String(ids++).padStart(15, "0")}`;

describe.skipIf(obstacle !== undefined)(`a cluster on a real etcd${obstacle === undefined ? "" : `: ${obstacle}`}`, () => {
  let etcd: Etcd;
  const open: Cluster[] = [];
  let clusters = 0;

  beforeAll(async () => {
    etcd = await Etcd.start({ members: 3 });
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((cluster) => cluster.close()));
    clusters++;
  });
  afterAll(() => etcd?.close());

  /** `hosts`: its way to the store. */
  async function node(name: string, hosts = etcd.hosts, change: Partial<ClusterOptions> = {}): Promise<Cluster> {
    const self = { name, instance: name, tunnel: perFamily([ip(`192.0.2.${open.length + 1}`)]) };
    const store = new EtcdStore(parseStore({ store: `etcd://${hosts}` }).etcd);
    const cluster = new Cluster(store, { cluster: `faults-${clusters}`, self, ttlSec: 2, quietMs: 500, graceMs: 500, ...change });
    open.push(cluster);
    await cluster.start();
    return cluster;
  }

  const make = (cluster: Cluster, name: string, prefix?: string): Promise<NetworkRecord> => {
    const named = prefix === undefined ? { prefix: undefined, gateway: undefined } : subnet(prefix);
    return cluster.networks.create(
      {
        id: newId(),
        name,
        subnets: { ipv4: named },
        vni: undefined,
        options: { ...DEFAULT_OPTIONS },
        about: { origin: "overlay", created: "", labels: {}, options: {} },
      },
      () => null,
    );
  };
  const claim = (cluster: Cluster, network: NetworkRecord, name: string): Promise<GlobalEndpoint> =>
    cluster.claim(network, { id: newId(), use: { owner: name, names: [name] } });
  const names = (cluster: Cluster): string => [...cluster.view.networks.values()].map(({ name }) => name).sort().join(); // biome-ignore format: short
  const seen = (cluster: Cluster, { id }: NetworkRecord): string =>
    cluster.view.endpointsIn(id).map(({ names: [name], addresses }) => `${name} ${formatIp(addresses.ipv4!)}`).sort().join(); // biome-ignore format: short

  it("gives each of 10,000 addresses, two at a time, to one of two that ask in the same instant, and networks made at once different VNIs", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const keys = new Keys(`faults-${clusters}`);
    const large = await make(a, "large", "10.9.0.0/16");
    // Several connections for each of the two, who talk to different members.
    const LANES = 4;
    const members = etcd.hosts.split(",");
    const sides = await Promise.all(
      ["x", "y"].map(async (name, side) => {
        const hosts = [...members.slice(side), ...members.slice(0, side)].join();
        const lanes = Array.from({ length: LANES }, () => new EtcdStore(parseStore({ store: `etcd://${hosts}` }).etcd));
        const fence = new Fence(lanes[0]!, keys.fence(name), Math.random);
        await fence.raise();
        return { name, lanes, fence, lease: await lanes[0]!.grant(60), wins: 0 };
      }),
    );
    const ask = async (i: number): Promise<string[]> => {
      const addresses = { ipv4: ip(`10.9.${i >> 8}.${i & 255}`), ipv6: ip(`fd09::${i.toString(16)}`) };
      const rest = { network: large.id, tunnel: {}, addresses, mac: "", owner: "", names: [] };
      // Each is first with its question every second time.
      const both = i % 2 === 0 ? sides : [...sides].reverse();
      const outcomes = await Promise.all(
        both.map((side) =>
          new Holdings(side.lanes[i % LANES]!, keys).take({ id: newId(), node: side.name, ...rest }, side.lease, side.fence, []),
        ),
      );
      return outcomes.flatMap(({ outcome }, n) => (outcome === "held" ? [both[n]!.name] : []));
    };
    const wins = new Map<string, number>();
    for (let i = 0; i < 5000; i += 200) {
      const winners = await Promise.all(Array.from({ length: 200 }, (_, k) => ask(i + k)));
      expect(winners.every(({ length }) => length === 1)).toBe(true);
      for (const [name] of winners) wins.set(name!, (wins.get(name!) ?? 0) + 1);
    }
    expect([...wins.keys()].sort()).toEqual(["x", "y"]); // both get some, so it was a race
    const { entries } = await sides[0]!.lanes[0]!.list(keys.heldAll);
    expect(entries).toHaveLength(10_000);
    for (const [name, count] of wins) expect(entries.filter(({ value }) => value.includes(`"node":"${name}"`))).toHaveLength(2 * count);
    for (const { lanes } of sides) for (const store of lanes) store.close();
    await b.sync();
    for (let round = 0; round < 2; round++) {
      const made = await Promise.all(Array.from({ length: 16 }, (_, i) => make(i % 2 === 0 ? a : b, `n${round}-${i}`)));
      expect(new Set(made.map(({ overlay }) => overlay!.vni)).size).toBe(16);
    }
    await b.sync();
    expect(new Set([...b.view.networks.values()].map(({ overlay }) => overlay!.vni)).size).toBe(33);
  }, 60_000);

  it("goes on when the member that it talks to dies, and when it hangs", async () => {
    const [a, b] = [await node("a"), await node("b", etcd.hosts.split(",").reverse().join())];
    await make(a, "one");
    await eventually("b sees it", () => names(b) === "one");
    await etcd.signalMember(0, "SIGKILL");
    await eventually("a makes another", () => make(a, "two").catch(() => undefined));
    await eventually("b sees it", () => names(b) === "one,two");
    await make(b, "three");
    await eventually("a sees it", () => names(a) === "one,three,two");
    etcd.startMember(0);
    await etcd.ready();
    await etcd.signalMember(1, "SIGSTOP"); // a's by now
    await eventually("b makes another", () => make(b, "four").catch(() => undefined));
    await eventually("a sees it", () => names(a) === "four,one,three,two", 8000);
    await etcd.signalMember(1, "SIGCONT");
    expect([...a.view.nodes.keys()].sort()).toEqual(["a", "b"]);
  });

  it("notices a connection that hangs, also when what was missed is compacted, and comes back under a new lease with what it had", async () => {
    const proxy = await HangingProxy.start(etcd.port(0));
    const [a, b] = [await node("a"), await node("b", `127.0.0.1:${proxy.port}`)];
    const shop = await make(a, "shop");
    await b.sync();
    await claim(b, shop, "db");
    await eventually("a sees it", () => seen(a, shop) === "db 10.0.0.2");
    proxy.hang();
    await expect(make(b, "never")).rejects.toMatchObject({
      code: "TSP_ERR_STORE",
      kind: "unavailable",
      message: expect.stringContaining("unreachable"),
    });
    await eventually("it is gone", () => seen(a, shop) === "" && !a.view.nodes.has("b"), 8000);
    await make(a, "missed");
    await etcd.compact();
    expect([names(b), seen(b, shop)]).toEqual(["shop", "db 10.0.0.2"]); // it knows what it knew
    proxy.hang(false);
    await eventually("it is back", () => seen(a, shop) === "db 10.0.0.2" && names(b) === "missed,shop", 8000);
    await sleep(600); // what hung has arrived by now
    expect([names(a), seen(b, shop)]).toEqual(["missed,shop", "db 10.0.0.2"]);
    proxy.close();
  });

  it("keeps all when all members are gone for longer than leases last, refuses what is new, and goes on", async () => {
    const [a, b] = [await node("a"), await node("b")];
    const shop = await make(a, "shop");
    await b.sync();
    await claim(b, shop, "db");
    await a.sync();
    for (const member of [0, 1, 2]) await etcd.signalMember(member, "SIGKILL");
    const refused = await Promise.allSettled([claim(a, shop, "web"), make(b, "more")]);
    expect(refused.map((each) => each.status === "rejected" && each.reason.kind)).toEqual(["unavailable", "unavailable"]);
    await sleep(2500);
    const told: string[] = [];
    a.view.onChange(({ endpoints }) => void told.push(...endpoints.removed.map(({ names: [name] }) => name!)));
    expect([seen(a, shop), names(b)]).toEqual(["db 10.0.0.2", "shop"]);
    for (const member of [0, 1, 2]) etcd.startMember(member);
    await etcd.ready();
    const web = await eventually("a goes on", () => claim(a, shop, "web").catch(() => undefined), 10_000);
    expect(formatIp(web.addresses.ipv4!)).toBe("10.0.0.3");
    await eventually("b sees it", () => seen(b, shop) === "db 10.0.0.2,web 10.0.0.3");
    expect([told, names(a)]).toEqual([[], "shop"]);
  });

  it("has what others wrote below its keys named, and goes on", async () => {
    const a = await node("a");
    const keys = new Keys(`faults-${clusters}`);
    await etcd.put(`${keys.map}networks/zzz`, "\u0000 binary");
    await etcd.put(keys.held("n".repeat(12), "10.0.0.2"), "somebody's");
    await a.sync();
    await make(a, "shop");
    expect(names(a)).toBe("shop");
  });
});

describe.skipIf(obstacle !== undefined)("etcd by TLS", () => {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), "tsp-tls-"));
  const file = (name: string): string => path.join(dir, name);
  let etcd: Etcd;

  beforeAll(async () => {
    const openssl = (...args: string[]): void => void execFileSync("openssl", args, { stdio: "ignore" });
    for (const ca of ["ca", "other"])
      openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", `/CN=${ca}`, "-keyout", file(`${ca}.key`), "-out", file(`${ca}.pem`)); // biome-ignore format: one command
    fs.writeFileSync(file("ext"), "subjectAltName=IP:127.0.0.1\n");
    openssl(
      "req",
      "-newkey",
      "ec",
      "-pkeyopt",
      "ec_paramgen_curve:P-256",
      "-nodes",
      "-subj",
      "/CN=node",
      "-keyout",
      file("node.key"),
      "-out",
      file("node.csr"),
    );
    openssl(
      "x509",
      "-req",
      "-in",
      file("node.csr"),
      "-CA",
      file("ca.pem"),
      "-CAkey",
      file("ca.key"),
      "-CAcreateserial",
      "-days",
      "2",
      "-extfile",
      file("ext"),
      "-out",
      file("node.pem"),
    );
    etcd = await Etcd.start({
      args: [
        `--cert-file=${file("node.pem")}`,
        `--key-file=${file("node.key")}`,
        "--client-cert-auth",
        `--trusted-ca-file=${file("ca.pem")}`,
      ],
    });
  });
  afterAll(async () => {
    await etcd?.close();
    fs.rmSync(dir, { recursive: true });
  });

  const connect = async (options: object, scheme = "etcd"): Promise<void> => {
    const store = new EtcdStore(parseStore({ store: `${scheme}://${etcd.hosts}`, ...options }).etcd);
    try {
      await store.check();
      await store.transact({ when: [], change: [{ put: "/tsproxy/tls", value: "1" }] });
      const seen = await new Promise((resolve) => {
        const watch = store.watch("/tsproxy/", 1, { onEvents: (events) => [watch.close(), resolve(events[0]!.key)], onEnd: resolve });
      });
      expect(seen).toBe("/tsproxy/tls");
    } finally {
      store.close();
    }
  };

  it("is asked with a certificate of ours, and its own is checked", async () => {
    const own = { storeCert: file("node.pem"), storeKey: file("node.key") };
    await connect({ storeCa: file("ca.pem"), ...own });
    await expect(connect({ storeCa: file("other.pem"), ...own })).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringMatching(/certificate/),
    });
    await expect(connect({ storeCa: file("ca.pem") })).rejects.toMatchObject({
      kind: "unavailable",
      message: expect.stringMatching(/certificate|socket|alert/),
    });
    await expect(connect({})).rejects.toMatchObject({ kind: "unavailable" });
  });
});
