/** What the API says of the model. */
import type { EndpointView, NetworkView } from "../api/types.js";
import type { NetworkModel } from "./network-model.js";

export function networkViews(model: NetworkModel): NetworkView[] {
  return model.networks.map(({ record: { id, subnet, gateway, options }, inDataplane }) => ({
    id,
    subnet,
    gateway,
    device: inDataplane?.hostDevice ?? "",
    mtu: inDataplane?.mtu ?? options.mtu ?? 0,
    internal: options.internal,
    icc: options.icc,
    masquerade: options.masquerade,
    promiscuous: options.promiscuous ?? false,
    endpoints: model.endpoints.filter((endpoint) => endpoint.record.network === id).length,
  }));
}

export function endpointViews(model: NetworkModel): EndpointView[] {
  return model.endpoints.map(({ record: { id, network, address, mac, sandbox }, gone, mappings }) => ({
    id,
    network,
    address,
    mac,
    state: gone ? "gone" : sandbox === "" ? "created" : "joined",
    sandbox,
    ports: mappings.map((mapping) => ({ ...mapping, via: "dataplane" })),
  }));
}
