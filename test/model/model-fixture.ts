/** The model over a dataplane and a host that merely take notes, with a store in a folder of its own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { Balancer } from "../../src/control/balancer.js";
import { eachHostAddress, formatMapping, type PortSpec } from "../../src/control/mapping.js";
import type { AttachKind } from "../../src/control/network/attach.js";
import type { DeviceSpec } from "../../src/control/network/endpoints.js";
import type { NetworkSpec } from "../../src/control/network/kinds.js";
import type { OverlayChange, OwnAddress } from "../../src/control/network/remote-endpoints.js";
import type { Publication } from "../../src/control/publisher.js";
import { type AddressManager, givenAddresses } from "../../src/model/addresses.js";
import { FileStore } from "../../src/model/file-store.js";
import type { Found, HostDevices, MadeNetwork, Mechanism } from "../../src/model/mechanism.js";
import { NetworkModel } from "../../src/model/network-model.js";
import type { EndpointRecord } from "../../src/model/records.js";
import type { Change, Store } from "../../src/model/store.js";
import { endpointViews, networkViews } from "../../src/model/views.js";
import { PortTakenError } from "../../src/sys/port-owner.js";
import { formatIp, type IpAddress } from "../../src/wire/ip-address.js";
import { eachFamily, type PerFamily } from "../../src/wire/per-family.js";

export const NETWORK = "a".repeat(64);
export const ENDPOINT = "e".repeat(64);
export const OTHER = "b".repeat(64);
export const SANDBOX = "/run/netns/web";

interface FakeNetwork extends MadeNetwork {
  spec: NetworkSpec;
}

export class ModelFixture implements Mechanism, HostDevices {
  readonly dir = mkdtempSync(path.join(tmpdir(), "tsp-model-"));
  readonly specs = new Set<NetworkSpec>();
  readonly devices = new Map<string, DeviceSpec>();
  readonly published = new Set<string>();
  /** `10.1.0.2 -> 10.1.0.3 6:80-80` */
  readonly links = new Set<string>();
  readonly removedFromHost: string[] = [];
  /** Host ports that another program has. */
  readonly taken = new Set<number>();
  /** Makes the dataplane refuse networks, devices. */
  networkError: Error | undefined;
  deviceError: Error | undefined;
  /** A device is being made. */
  onDevice: (device: DeviceSpec) => void = () => {};
  /** Makes the store refuse changes. */
  storeError: Error | undefined;
  /** Of the host. */
  families: (4 | 6)[] = [4];
  multiQueue = false;
  /** What devices that are dismissed wait for. */
  leaving: Promise<void> = Promise.resolve();
  /** What devices are that are made now. */
  attach: AttachKind = "tap";
  /** What overlay networks were told of other nodes. */
  readonly told: OverlayChange[] = [];
  /** What overlay networks were told of this node's own addresses, in order. */
  readonly own: (string | undefined)[] = [];
  /** Where devices of an earlier process are. */
  readonly found = new Map<string, Found>();
  readonly endedSandboxes = new Set<string>();
  model: NetworkModel;
  private store: Store;

  /** Of the host. */
  readonly addresses = new Set(["192.0.2.1", "192.0.2.2"]);
  readonly host = { has: (address: IpAddress) => this.addresses.has(formatIp(address)) };

  readonly networks = {
    add: (spec: NetworkSpec): FakeNetwork => {
      if (this.networkError !== undefined) throw this.networkError;
      this.specs.add(spec);
      const { multiQueue, attach } = this;
      return {
        mtu: spec.mtu ?? 1500,
        hostDevice: ("hostDevice" in spec ? spec.hostDevice : undefined) ?? "",
        spec,
        ...(spec.kind === "overlay" && {
          remotes: {
            apply: (change: OverlayChange) => void this.told.push(change),
            setOwn: (own: OwnAddress | undefined) => void this.own.push(own && eachFamily(own.addresses).map(formatIp).join()),
          },
        }),
        endpoints: {
          multiQueue,
          attach,
          link: (client, server, ports) => {
            const [from, to] = [client, server].map((each) => eachFamily(each).map(formatIp).join(","));
            const text = `${from} -> ${to} ${ports.map(({ proto, first, last }) => `${proto}:${first}-${last}`).join(" ")}`;
            this.links.add(text);
            return { close: () => void this.links.delete(text) };
          },
          addDevice: (device) => {
            this.onDevice(device);
            if (this.deviceError !== undefined) throw this.deviceError;
            this.devices.set(device.name, device);
            const remove = async (): Promise<void> => {
              this.devices.delete(device.name);
            };
            return { remove, dismiss: async () => ({ gone: this.leaving.then(remove) }) };
          },
        },
      };
    },
    remove: async (network: MadeNetwork): Promise<void> => {
      this.specs.delete((network as FakeNetwork).spec);
    },
  };

  readonly publisher = {
    publish: (spec: PortSpec): Publication => {
      const hosts = eachHostAddress(spec, this.families);
      for (let port = spec.hostPort; port <= spec.hostPortEnd; port++)
        if (this.taken.has(port)) throw new PortTakenError(spec.proto, hosts[0]!.hostIp, port, "nginx (pid 1)");
      const picked = spec.hostPort === 0 ? 32768 : spec.hostPort;
      const hostPortEnd = spec.pickFromRange || spec.hostPort === 0 ? picked : spec.hostPortEnd;
      const mappings = hosts.map(({ pickFromRange: _, ...one }) => ({ ...one, hostPort: picked, hostPortEnd }));
      for (const mapping of mappings) this.published.add(formatMapping(mapping));
      return {
        mappings,
        ...(spec.several !== undefined && { balancer: { set: () => {} } as unknown as Balancer }),
        close: async () => {
          for (const mapping of mappings) this.published.delete(formatMapping(mapping));
        },
      };
    },
  };

  private constructor(
    private readonly manager: AddressManager,
    private readonly tunnel: PerFamily<IpAddress>,
  ) {
    onTestFinished(() => rmSync(this.dir, { recursive: true, force: true }));
    this.store = this.openStore();
    this.model = new NetworkModel(this, this, this.store, this.manager, this.tunnel);
  }

  static async start(addresses: AddressManager = givenAddresses, tunnel: PerFamily<IpAddress> = {}): Promise<ModelFixture> {
    const fixture = new ModelFixture(addresses, tunnel);
    await fixture.restart();
    return fixture;
  }

  /** A new process with what is remembered; the dataplane starts empty. */
  async restart(): Promise<void> {
    this.specs.clear();
    this.devices.clear();
    this.published.clear();
    this.store = this.openStore();
    this.model = new NetworkModel(this, this, this.store, this.manager, this.tunnel);
    await this.model.restore();
  }

  find({ id }: { id: string }): Found | null {
    return this.found.get(id) ?? null;
  }

  hasNamespace({ sandbox }: EndpointRecord): boolean {
    return !this.endedSandboxes.has(sandbox);
  }

  remove({ device }: EndpointRecord): boolean {
    this.removedFromHost.push(device);
    return true;
  }

  networkViews(): ReturnType<typeof networkViews> {
    return networkViews(this.model);
  }

  endpointViews(): ReturnType<typeof endpointViews> {
    return endpointViews(this.model);
  }

  /** All that a call could have changed. */
  async picture(): Promise<unknown> {
    return {
      views: [this.networkViews(), this.endpointViews()],
      records: await new FileStore(this.dir).load(),
      plane: [[...this.specs], [...this.devices.keys()], [...this.published].sort()],
    };
  }

  private openStore(): Store {
    const store = new FileStore(this.dir);
    return {
      load: () => store.load(),
      commit: async (change: Change) => {
        if (this.storeError !== undefined) throw this.storeError;
        await store.commit(change);
      },
    };
  }
}
