/**
 * The network driver `tsproxy-overlay`, whose networks are those of the cluster (decision 151). dockerds that share a cluster store tell one of them alone
 * that a network is made or removed; the others ask for endpoints in it, and find it in our store. Addresses are dockerd's to give, names its to answer.
 */
import type { NetworkCreate } from "../api/network-types.js";
import type { NetworkModel } from "../model/network-model.js";
import type { EndpointRecord } from "../model/records.js";
import type { EndpointRequest } from "../model/requests.js";
import { formatIp, formatPrefix } from "../wire/ip-address.js";
import { eachFamily } from "../wire/per-family.js";
import { parseSubnets } from "./driver-addresses.js";
import type { DriverScope } from "./network-driver.js";
import { genericOptions } from "./network-options.js";

/** Name of the driver, and of its socket. */
export const GLOBAL_DRIVER = "tsproxy-overlay";

/** What it needs of the cluster's networks. */
export interface GlobalNetworks {
  create(create: NetworkCreate, origin: string, id: string): Promise<unknown>;
  remove(id: string): Promise<void>;
  /** In a network of the cluster, which is made on this node if it is not there. */
  createEndpoint(network: string, request: EndpointRequest): Promise<Readonly<EndpointRecord>>;
  /** The endpoint has ended. */
  left(network: string, endpoint: string): Promise<void>;
}

export function globalScope(model: NetworkModel, networks: GlobalNetworks): DriverScope {
  return {
    name: "global",
    createNetwork: async (message) => {
      const id = message.id("NetworkID");
      const subnets = eachFamily(parseSubnets(message));
      const create: NetworkCreate = {
        name: `docker-${id.slice(0, 12)}`, // dockerd does not say what people call it
        driver: "overlay",
        subnet: subnets.map(({ prefix }) => formatPrefix(prefix)),
        gateway: subnets.map(({ gateway }) => formatIp(gateway)),
        internal: message.object("Options").flag("com.docker.network.internal", false),
        ipv4: subnets.some(({ gateway }) => gateway.family === 4),
        ipv6: subnets.some(({ gateway }) => gateway.family === 6),
        options: genericOptions(message.object("Options")),
      };
      await networks.create(create, GLOBAL_DRIVER, id);
    },
    deleteNetwork: (id) => networks.remove(id),
    createEndpoint: (network, request) => networks.createEndpoint(network, request),
    deleteEndpoint: async (network, id) => {
      await model.deleteEndpoint(network, id);
      await networks.left(network, id);
    },
  };
}
