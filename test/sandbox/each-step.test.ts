/**
 * Each step of what makes something is made to fail in turn, the first, the second and so on until there is none left: afterwards all is as before, and the
 * same call does it once nothing fails. Steps are what changes something outside: devices, routes, ports, files, records.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from "vitest";
import type { SandboxCreate } from "../../src/api/sandbox-types.js";
import { Containers } from "../../src/cni/containers.js";
import { Netavark } from "../../src/cni/netavark.js";
import { Cni } from "../../src/cni/plugin.js";
import { chosenAddresses } from "../../src/model/addresses.js";
import { FileStore } from "../../src/model/file-store.js";
import type { DefaultRoute, SandboxDevice } from "../../src/sandbox/device-setup.js";
import { SandboxFolders } from "../../src/sandbox/folder.js";
import { Membership } from "../../src/sandbox/membership.js";
import type { NameScope } from "../../src/sandbox/name-service.js";
import { NamedPorts } from "../../src/sandbox/named-ports.js";
import { NetworkCatalog } from "../../src/sandbox/network-catalog.js";
import { Sandboxes } from "../../src/sandbox/sandboxes.js";
import { ModelFixture } from "../model/model-fixture.js";

/** Of containers. */
const NETNS = "/run/netns/pod";

interface Space {
  devices: Map<string, { addresses: string[] }>;
  /** Default routes by family. */
  routes: Map<number, string>;
}

const world = vi.hoisted(() => ({
  /** Steps until one fails. */
  left: Number.POSITIVE_INFINITY,
  steps: [] as string[],
  /** Namespaces by path. */
  spaces: new Map<string, Space>(),
  step(name: string): void {
    world.steps.push(name);
    if (world.left-- === 0) throw new Error(`step fails: ${name}`);
  },
  fdOf: (path: string): number => 100 + [...world.spaces.keys()].indexOf(path),
  space(path: string): Space {
    const space = world.spaces.get(path) ?? { devices: new Map(), routes: new Map() };
    world.spaces.set(path, space);
    return space;
  },
}));

vi.mock("../../src/sandbox/device-setup.js", () => {
  const familyOf = ({ gateway }: DefaultRoute): number => (gateway.includes(":") ? 6 : 4);
  const open = (path: string): object => {
    const { devices, routes } = world.space(path);
    return {
      fd: world.fdOf(path),
      path,
      inode: 7,
      has: (name: string) => devices.has(name),
      freeName: (prefix: string) => `${prefix}${devices.size}`,
      setUpDevice({ name, addresses }: SandboxDevice): void {
        world.step(`set-up of ${name}`);
        devices.get(name)!.addresses = addresses.map(({ address }) => address);
      },
      setDefaultRoute(before: DefaultRoute | undefined, after: DefaultRoute | undefined): boolean {
        world.step(`route by ${after?.device}`);
        if (before !== undefined) routes.delete(familyOf(before));
        if (after !== undefined && devices.has(after.device)) routes.set(familyOf(after), after.device);
        return true;
      },
      close: () => {},
    };
  };
  const openNamespace = ({ netns, name }: SandboxCreate): object => open(netns ?? `/proc/${name}/ns/net`);
  return { Namespace: { open }, openNamespace, leadsTo: () => true };
});

let program: ChildProcess;
beforeAll(() => {
  program = spawn("sleep", ["1000"]);
  const commit = FileStore.prototype.commit;
  vi.spyOn(FileStore.prototype, "commit").mockImplementation(function (this: FileStore, change) {
    world.step("record");
    return commit.call(this, change);
  });
});
afterAll(() => {
  program.kill();
  vi.restoreAllMocks();
});

class Folders extends SandboxFolders {
  override save(...args: Parameters<SandboxFolders["save"]>): void {
    world.step("folder");
    super.save(...args);
  }

  override write(...args: Parameters<SandboxFolders["write"]>): void {
    world.step(`file ${args[1]}`);
    super.write(...args);
  }
}

class Fixture {
  readonly dir = mkdtempSync(path.join(tmpdir(), "tsp-steps-"));
  readonly served = new Map<string, readonly string[]>();
  /** Leases that the IPAM plugin has given and not got back. */
  readonly leases = path.join(this.dir, "fixed.leases");
  catalog!: NetworkCatalog;
  sandboxes!: Sandboxes;
  containers!: Containers;
  private model!: ModelFixture;

  static async start(): Promise<Fixture> {
    const f = new Fixture();
    onTestFinished(async () => {
      await f.sandboxes.close();
      rmSync(f.dir, { recursive: true, force: true });
    });
    world.left = Number.POSITIVE_INFINITY;
    world.spaces.clear();
    f.model = await ModelFixture.start(chosenAddresses);
    f.model.families = [4, 6];
    f.watchDataplane();
    const names = {
      serve: ({ id, networks }: NameScope) => {
        world.step("names");
        f.served.set(id, networks);
      },
      stop: (id: string) => void f.served.delete(id),
    };
    f.catalog = new NetworkCatalog(
      f.model.model,
      { overlap: () => null, onChange: () => () => {}, addressesOn: () => [] },
      () => () => null,
    );
    const namedPorts = new NamedPorts(f.model.model, f.model.publisher);
    f.sandboxes = new Sandboxes(
      f.catalog,
      new Membership(f.model.model, f.catalog),
      new Folders(path.join(f.dir, "run")),
      names,
      namedPorts,
    );
    f.containers = new Containers(f.catalog, f.sandboxes);
    writeFileSync(f.leases, "");
    const plugin =
      '#!/bin/sh\n[ $CNI_COMMAND = ADD ] && echo \'{"ips":[{"address":"10.79.0.5/24"}]}\' && echo x >>"$0.leases"\n[ $CNI_COMMAND = DEL ] && : >"$0.leases"\nexit 0\n';
    writeFileSync(path.join(f.dir, "fixed"), plugin, { mode: 0o755 });
    return f;
  }

  /** All that a call could have changed. */
  async picture(): Promise<unknown> {
    const files = readdirSync(this.dir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = files.map(({ parentPath, name }) => path.join(parentPath, name)).filter((file) => !file.endsWith(".new"));
    return {
      model: await this.model.picture(),
      sandboxes: this.sandboxes.all().map(({ record }) => record),
      files: paths.sort().map((file) => [file, readFileSync(file, "utf8")]),
      spaces: [...world.spaces]
        .map(([where, { devices, routes }]) => [where, [...devices], [...routes].sort()])
        .filter(([, devices]) => devices!.length > 0),
      served: [...this.served],
    };
  }

  private watchDataplane(): void {
    const { networks, publisher } = this.model;
    const [add, publish] = [networks.add, publisher.publish];
    networks.add = (spec) => {
      world.step("host's device");
      const made = add(spec);
      const { addDevice } = made.endpoints;
      made.endpoints.addDevice = (device) => {
        world.step("endpoint's device");
        const { remove } = addDevice(device);
        const inside = [...world.spaces].find(([where]) => world.fdOf(where) === device.nsFd)?.[1];
        inside?.devices.set(device.name, { addresses: [] });
        const end = async (): Promise<void> => {
          inside?.devices.delete(device.name);
          for (const [family, name] of inside?.routes ?? []) if (name === device.name) inside?.routes.delete(family); // as the kernel does
          await remove();
        };
        return { remove: end, dismiss: async () => ({ gone: end() }) };
      };
      return made;
    };
    publisher.publish = (spec) => {
      world.step(`port ${spec.hostPort}`);
      return publish(spec);
    };
  }
}

const PORTS = { publish: ["8999:80", "8998:81", "8997:web:82"], healthCheck: "off" };
const RUN = { kind: "run" as const, command: ["sleep"], name: "web", ...PORTS, hostname: "web" };

async function withNetworks(f: Fixture): Promise<void> {
  await f.catalog.create({ name: "front", ipv6: true, subnet: ["10.90.0.0/24", "fd00:90::/64"] });
  await f.catalog.create({ name: "back", subnet: "10.91.0.0/24" });
}

async function withSandbox(f: Fixture): Promise<void> {
  await withNetworks(f);
  await f.sandboxes.create({ ...RUN, pid: program.pid!, network: "front" });
  await f.sandboxes.create({ kind: "run", command: ["sleep"], name: "other", pid: program.pid!, network: "front", links: ["web:w"] });
}

const cni = (f: Fixture, network: string, ifname: string, change: object): Promise<unknown> =>
  new Cni(f.containers).call(
    { CNI_COMMAND: "ADD", CNI_CONTAINERID: "c1", CNI_NETNS: NETNS, CNI_IFNAME: ifname, CNI_PATH: f.dir },
    JSON.stringify({
      cniVersion: "1.0.0",
      name: network,
      runtimeConfig: { portMappings: [{ hostPort: 8999, containerPort: 80 }] },
      ...change,
    }),
  );

/** What it is, what comes before, the call, and steps that it has among others. */
const CALLS: [string, (f: Fixture) => Promise<void>, (f: Fixture) => Promise<unknown>, RegExp[]][] = [
  [
    "network create",
    async () => {},
    (f) => f.catalog.create({ name: "n", ipv6: true, subnet: ["10.90.0.0/24", "fd00:90::/64"] }),
    [/^host's device/, /^record/],
  ],
  [
    "run",
    withNetworks,
    (f) => f.sandboxes.create({ ...RUN, pid: program.pid!, network: "front" }),
    [
      /^folder/,
      /^record/,
      /^endpoint's device/,
      /^set-up of eth0/,
      /^route/,
      /^port 8999/,
      /^port 8998/,
      /^port 8997/,
      /^names/,
      /^file resolv.conf/,
    ],
  ],
  [
    "network connect that takes default route and ports",
    withSandbox,
    (f) => f.sandboxes.connect("web", { network: "back", gwPriority: 1, bandwidth: { egress: { rate: 1e6, burst: 1e4 } } }),
    [/^folder/, /^record/, /^endpoint's device/, /^set-up of eth/, /^route/, /^port 8999/, /^port 8997/, /^names/, /^file hosts/],
  ],
  [
    "CNI ADD with an IPAM plugin, the first of its network",
    async () => {},
    (f) => cni(f, "pods", "eth0", { ipam: { type: "fixed" } }),
    [/^host's device/, /^record/, /^endpoint's device/, /^set-up of eth0/, /^route/, /^port 8999/, /^names/],
  ],
  [
    "CNI ADD of a second interface",
    async (f) => void (await cni(f, "pods", "eth0", {})),
    (f) => cni(f, "other", "eth1", {}),
    [/^host's device/, /^set-up of eth1/, /^route/],
  ],
  [
    "Netavark's setup",
    async () => {},
    (f) => {
      const request = {
        container_id: "a".repeat(64),
        network: { name: "ark", subnets: [{ subnet: "10.88.0.0/16" }] },
        network_options: { interface_name: "eth0" },
        port_mappings: [{ host_port: 8999, container_port: 80 }],
      };
      return new Netavark(f.containers).call("setup", NETNS, JSON.stringify(request));
    },
    [/^host's device/, /^set-up of eth0/, /^port 8999/],
  ],
];

describe.each(CALLS)("%s", (_, prepare, call, among) => {
  it("leaves nothing when a step of it fails, whichever, and can be done afterwards", async () => {
    const steps = await stepsOf(prepare, call);
    for (const step of among) expect(steps.some((each) => step.test(each))).toBe(true);
    for (let failing = 0; failing < steps.length; failing++) {
      const f = await Fixture.start();
      await prepare(f);
      const before = await f.picture();
      world.steps = [];
      world.left = failing;
      await expect(call(f), `step ${failing}`).rejects.toThrow("step fails");
      world.left = Number.POSITIVE_INFINITY;
      expect(await f.picture(), `${steps.slice(0, failing + 1).join(", ")} has failed`).toEqual(before);
      await call(f);
    }
  });
});

async function stepsOf(prepare: (f: Fixture) => Promise<void>, call: (f: Fixture) => Promise<unknown>): Promise<string[]> {
  const f = await Fixture.start();
  await prepare(f);
  world.steps = [];
  await call(f);
  return [...world.steps];
}
