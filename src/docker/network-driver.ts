/**
 * Docker's remote network driver: dockerd's messages as calls of the model, and the model's answers and errors in Docker's words.
 *
 * An endpoint's life as dockerd has it: CreateEndpoint; Join, which tells it the device's name, and it moves the device into the sandbox, names
 * and addresses it; ProgramExternalConnectivity, though the ports come with the calls before too. Backwards: RevokeExternalConnectivity, Leave, it
 * moves the device back, DeleteEndpoint. A dockerd that was killed leaves out what it does not know of any more.
 */
import { TsproxyError } from "../errors.js";
import type { NetworkModel } from "../model/network-model.js";
import type { EndpointRecord, NetworkOptions } from "../model/records.js";
import type { EndpointRequest } from "../model/requests.js";
import { PortTakenError } from "../sys/port-owner.js";
import { addressPort } from "../wire/address-port.js";
import { formatIp } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { parseInterface, parseNetwork } from "./driver-addresses.js";
import { HOST_DEVICE, OUTSIDE, parsePortMap } from "./driver-options.js";
import { Message } from "./message.js";
import type { PluginCalls } from "./plugin-server.js";

type Call = (message: Message) => object | Promise<object>;

/** How a driver makes and removes what is not the same for networks of one host and of several. */
export interface DriverScope {
  readonly name: "local" | "global";
  createNetwork(message: Message): Promise<void>;
  deleteNetwork(id: string): Promise<void>;
  createEndpoint(network: string, request: EndpointRequest): Promise<Readonly<EndpointRecord>>;
  deleteEndpoint(network: string, id: string): Promise<void>;
}

/** Of one host. */
export function localScope(model: NetworkModel): DriverScope {
  return {
    name: "local",
    createNetwork: async (message) => {
      const request = parseNetwork(message, message.id("NetworkID"));
      try {
        await model.createNetwork(request);
      } catch (error) {
        throw nameOption(error, request.options);
      }
    },
    deleteNetwork: (id) => model.deleteNetwork(id),
    createEndpoint: (network, request) => model.createEndpoint(network, request),
    deleteEndpoint: (network, id) => model.deleteEndpoint(network, id),
  };
}

/** By path: `NetworkDriver.CreateNetwork`. */
export function networkDriver(model: NetworkModel, scope: DriverScope = localScope(model)): PluginCalls {
  const calls: Record<string, Call> = {
    GetCapabilities: () => ({ Scope: scope.name, ConnectivityScope: scope.name, GwAllocChecker: false }),

    CreateNetwork: async (message) => {
      await scope.createNetwork(message);
      return {};
    },

    DeleteNetwork: async (message) => {
      await scope.deleteNetwork(message.id("NetworkID"));
      return {};
    },

    CreateEndpoint: async (message) => {
      const [network, id] = ids(message);
      const { addresses, mac } = parseInterface(message.object("Interface"));
      parsePortMap(message.object("Options")); // refused now rather than when the container runs
      const endpoint = await scope.createEndpoint(network, { id, addresses, mac });
      // Only what dockerd left open may be answered.
      return { Interface: mac === undefined ? { MacAddress: endpoint.mac } : {} };
    },

    DeleteEndpoint: async (message) => {
      await scope.deleteEndpoint(...ids(message));
      return {};
    },

    EndpointOperInfo: async (message) => {
      await model.findEndpoint(...ids(message));
      return { Value: {} };
    },

    Join: async (message) => {
      const { endpoint, network } = await model.join(...ids(message), message.text("SandboxKey"));
      const { internal, interfacePrefix } = network.options;
      const { ipv4, ipv6 } = internal ? {} : network.subnets;
      return {
        InterfaceName: { SrcName: endpoint.device, DstPrefix: interfacePrefix },
        Gateway: ipv4 === undefined ? "" : formatIp(ipv4.gateway),
        GatewayIPv6: ipv6 === undefined ? "" : formatIp(ipv6.gateway),
        // Without a gateway of IPv4 dockerd would add one by way of a bridge of its own.
        DisableGatewayService: ipv4 === undefined,
      };
    },

    Leave: async (message) => {
      await model.leave(...ids(message));
      return {};
    },

    ProgramExternalConnectivity: async (message) => {
      await model.publish(...ids(message), parsePortMap(message.object("Options")));
      return {};
    },

    RevokeExternalConnectivity: async (message) => {
      await model.withdraw(...ids(message));
      return {};
    },

    DiscoverNew: () => ({}),
    DiscoverDelete: () => ({}),
  };
  return Object.fromEntries(
    Object.entries(calls).map(([name, call]) => [
      `NetworkDriver.${name}`,
      async (body) => {
        try {
          return await call(Message.of(name, body));
        } catch (error) {
          throw dockerError(error);
        }
      },
    ]),
  );
}

function ids(message: Message): [network: string, endpoint: string] {
  return [message.id("NetworkID"), message.id("EndpointID")];
}

/** Says which option an error is about. */
function nameOption(error: unknown, { hostDevice, outside }: NetworkOptions): unknown {
  if (!(error instanceof TsproxyError)) return error;
  if (error.code === "TSP_ERR_DEVICE" && hostDevice !== undefined)
    return error.reworded(`option ${HOST_DEVICE}=${hostDevice}: ${error.message}`, "choose another name, or remove that device");
  if (error.code === "TSP_ERR_HOST_ADDRESS") {
    const given = eachFamily(outside ?? {}).map((address) => `${OUTSIDE[address.family]}=${formatIp(address)}`);
    return error.reworded(`option ${given.join(", ")}: ${error.message}`, error.hint);
  }
  return error;
}

/** In the words that Docker has for it, and that programs look for. */
export function dockerError(error: unknown): unknown {
  if (!(error instanceof PortTakenError)) return error;
  const owner = error.owner === null || error.owner.endsWith(`(pid ${process.pid})`) ? "" : ` (${error.owner} has it)`;
  const message = `Bind for ${addressPort(formatIp(error.address), error.port)} failed: port is already allocated${owner}`;
  return error.reworded(message, "publish another host port");
}
