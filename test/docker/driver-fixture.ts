/** A network driver over a dataplane and a host that merely take notes. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import type { DeviceSpec } from "../../src/control/network/endpoints.js";
import type { NetworkSpec } from "../../src/control/network/kinds.js";
import { formatMapping, type PortSpec } from "../../src/control/port-spec.js";
import { NetworkDriver } from "../../src/docker/network-driver.js";
import { TsproxyError } from "../../src/errors.js";
import { DriverState, type EndpointRecord } from "../../src/model/store.js";
import type { Found } from "../../src/model/stray-device.js";
import { PortTakenError } from "../../src/sys/port-owner.js";

export const NETWORK = "a".repeat(64);
export const ENDPOINT = "e".repeat(64);
export const SANDBOX = "/run/docker/netns/0123456789ab";

/** What dockerd 20.10 sends. */
export const CREATE_NETWORK = {
  NetworkID: NETWORK,
  Options: { "com.docker.network.enable_ipv6": false, "com.docker.network.generic": {} as Record<string, string> },
  IPv4Data: [{ AddressSpace: "LocalDefault", Pool: "172.18.0.0/16", Gateway: "172.18.0.1/16", AuxAddresses: {} }],
  IPv6Data: null,
};
export const CREATE_ENDPOINT = {
  NetworkID: NETWORK,
  EndpointID: ENDPOINT,
  Interface: { Address: "172.18.0.2/16", AddressIPv6: "", MacAddress: "" },
  Options: {},
};
export const ID = { NetworkID: NETWORK, EndpointID: ENDPOINT };
export const JOIN = { ...ID, SandboxKey: SANDBOX, Options: {} };

export function portMap(...bindings: Record<string, unknown>[]): { "com.docker.network.portmap": unknown } {
  return { "com.docker.network.portmap": bindings.map((binding) => ({ Proto: 6, IP: "", HostIP: "", ...binding })) };
}

export class Fixture {
  readonly dir = mkdtempSync(path.join(tmpdir(), "tsp-driver-"));
  readonly networks = new Set<NetworkSpec>();
  readonly devices = new Map<string, DeviceSpec>();
  readonly published = new Set<string>();
  readonly removedFromHost: string[] = [];
  /** Host ports that another program has. */
  readonly taken = new Set<number>();
  /** Makes the dataplane refuse devices. */
  deviceError: Error | undefined;
  /** Where devices of an earlier process are. */
  readonly found = new Map<string, Found>();
  readonly state = new DriverState(this.dir);
  driver: NetworkDriver;

  constructor() {
    onTestFinished(() => rmSync(this.dir, { recursive: true, force: true }));
    this.driver = this.restart();
  }

  /** A new driver with what is remembered; the dataplane starts empty. */
  restart(): NetworkDriver {
    this.networks.clear();
    this.devices.clear();
    this.published.clear();
    const network = (spec: NetworkSpec) => ({
      mtu: spec.mtu ?? 1500,
      hostDevice: spec.hostDevice ?? "",
      spec,
      endpoints: {
        addDevice: (device: DeviceSpec) => {
          if (this.deviceError !== undefined) throw this.deviceError;
          this.devices.set(device.name, device);
          return {
            multiQueue: false,
            remove: async () => {
              this.devices.delete(device.name);
            },
          };
        },
      },
    });
    this.driver = new NetworkDriver(
      {
        networks: {
          add: (spec) => {
            this.networks.add(spec);
            return network(spec);
          },
          remove: async (removed) => {
            this.networks.delete((removed as ReturnType<typeof network>).spec);
          },
        },
        publisher: { publish: (spec) => this.publish(spec) },
      },
      {
        findDevice: (endpoint: EndpointRecord) => this.found.get(endpoint.id) ?? null,
        removeHostDevice: (name) => {
          this.removedFromHost.push(name);
          return true;
        },
      },
      this.state,
    );
    this.driver.restore();
    return this.driver;
  }

  /** The answer, or the error's one line. */
  async call(name: string, body: unknown): Promise<object | string> {
    try {
      return await this.driver.calls[name]!(body);
    } catch (error) {
      if (!(error instanceof TsproxyError)) throw error;
      return error.describe();
    }
  }

  /** Several calls that must work; answers what the last does. */
  async must(...calls: [name: string, body: unknown][]): Promise<unknown> {
    let last: unknown;
    for (const [name, body] of calls) {
      last = await this.call(name, body);
      if (typeof last === "string") throw new Error(`${name}: ${last}`);
    }
    return last;
  }

  /** All that a call could have changed. */
  picture(): unknown {
    const { networks, endpoints } = this.state.load();
    return {
      views: [this.driver.networkViews(), this.driver.endpointViews()],
      records: [networks, endpoints],
      plane: [[...this.networks], [...this.devices.keys()], [...this.published]],
    };
  }

  private publish(spec: PortSpec): { mapping: PortSpec; close(): Promise<void> } {
    for (let port = spec.hostPort; port <= spec.hostPortEnd; port++)
      if (this.taken.has(port)) throw new PortTakenError(spec.proto, spec.hostIp, port, "nginx (pid 1)");
    const picked = spec.hostPort === 0 ? 32768 : spec.hostPort;
    const mapping = { ...spec, hostPort: picked, hostPortEnd: spec.pickFromRange || spec.hostPort === 0 ? picked : spec.hostPortEnd };
    const text = formatMapping(mapping);
    this.published.add(text);
    return {
      mapping,
      close: async () => {
        this.published.delete(text);
      },
    };
  }
}
