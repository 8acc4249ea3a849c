/** A network driver over a model whose dataplane and host merely take notes, and what dockerd says to it. */
import { networkDriver } from "../../src/docker/network-driver.js";
import { TsproxyError } from "../../src/errors.js";
import { ENDPOINT, ModelFixture, NETWORK } from "../model/model-fixture.js";

export { ENDPOINT, NETWORK };
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

export class DriverFixture {
  private constructor(readonly state: ModelFixture) {}

  static async start(): Promise<DriverFixture> {
    return new DriverFixture(await ModelFixture.start());
  }

  /** The answer, or the error's one line. */
  async call(name: string, body: unknown): Promise<object | string> {
    try {
      return await networkDriver(this.state.model)[`NetworkDriver.${name}`]!(body);
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
}
