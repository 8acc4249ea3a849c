/** What the API says of the model. */
import type { EndpointView, NetworkView } from "../api/types.js";
import { mappingText } from "../control/mapping.js";
import { DEFAULT_ATTACH } from "../control/network/attach.js";
import { formatIp, formatPrefix } from "../wire/ip-address.js";
import type { MadeNetwork } from "./mechanism.js";
import type { NetworkModel } from "./network-model.js";
import type { NetworkRecord } from "./records.js";

/** Of a network that an engine made which keeps what it knows of it to itself: the driver's name there. */
export const FOREIGN_DRIVER = "tsproxy";

export function networkViews(model: NetworkModel): NetworkView[] {
  return model.networks.map(({ record, inDataplane }) =>
    networkView(record, model.endpoints.filter((endpoint) => endpoint.record.network === record.id).length, inDataplane),
  );
}

/** `made`: undefined when it is not in the dataplane. */
export function networkView(record: NetworkRecord, endpoints: number, made?: MadeNetwork): NetworkView {
  const { id, name = "", options, about } = record;
  const { ipv4, ipv6 } = record.subnets;
  return {
    id,
    name,
    driver: about?.origin ?? FOREIGN_DRIVER,
    created: about?.created ?? "",
    labels: about?.labels ?? {},
    subnet: ipv4 === undefined ? "" : formatPrefix(ipv4.prefix),
    gateway: ipv4 === undefined ? "" : formatIp(ipv4.gateway),
    ...(ipv6 !== undefined && { ipv6Subnet: formatPrefix(ipv6.prefix), ipv6Gateway: formatIp(ipv6.gateway) }),
    device: made?.hostDevice ?? "",
    mtu: made?.mtu ?? options.mtu ?? 0,
    internal: options.internal,
    icc: options.icc,
    masquerade: options.masquerade,
    promiscuous: options.promiscuous ?? false,
    attach: options.attach ?? DEFAULT_ATTACH,
    endpoints,
  };
}

/** Of the network with that name, id, or start of one id alone; undefined: there is none. */
export function subnetOf({ networks }: NetworkModel, word: string): string | undefined {
  const starting = word === "" ? [] : networks.filter(({ record }) => record.id.startsWith(word));
  const found = networks.find(({ record }) => record.name === word) ?? (starting.length === 1 ? starting[0] : undefined);
  const subnet = found?.record.subnets.ipv4 ?? found?.record.subnets.ipv6;
  return subnet && formatPrefix(subnet.prefix);
}

export function endpointViews(model: NetworkModel): EndpointView[] {
  return model.endpoints.map(
    ({
      record: {
        id,
        network,
        addresses: { ipv4, ipv6 },
        mac,
        sandbox,
        use,
        attach,
      },
      gone,
      failure,
      mappings,
    }) => ({
      id,
      network,
      owner: use?.owner ?? "",
      names: use?.names ?? [],
      address: ipv4 === undefined ? "" : formatIp(ipv4),
      ...(ipv6 !== undefined && { ipv6Address: formatIp(ipv6) }),
      mac,
      state: failure !== undefined ? "failed" : gone ? "gone" : sandbox === "" ? "created" : "joined",
      ...(failure !== undefined && { failure: failure.message }),
      sandbox,
      attach: attach ?? "tap",
      ports: mappings.map((mapping) => ({ ...mappingText(mapping), via: "dataplane" })),
    }),
  );
}
