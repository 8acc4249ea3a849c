/**
 * By which of a sandbox's networks what leaves it goes, for each family by itself, and where its ports are published. The rule is Docker's: the
 * highest priority, then the first name, of those that have a subnet of the family; internal networks never.
 *
 * Ports are published where the answers to their clients leave: where one network has the default routes of both families, or the only one there
 * is, it has all of them, and clients of a family that it lacks are translated. Else each family's are published by its own network.
 */
import { type Mapping, parseHostAddress } from "../control/mapping.js";
import type { PortRequest } from "../model/requests.js";
import type { IpAddress } from "../wire/ip-address.js";
import { eachFamily, ofFamily, type PerFamily } from "../wire/per-family.js";
import type { Member } from "./member.js";
import type { SandboxRecord } from "./records.js";

type Family = IpAddress["family"];
type Port = SandboxRecord["ports"][number];

/** The networks that are to have the default routes. */
export function gatewaysOf(members: readonly Member[]): PerFamily<Member> {
  const name = ({ network }: Member): string => network.record.name ?? network.record.id;
  const inOrder = members
    .filter(({ network }) => !network.record.options.internal)
    .sort((a, b) => b.attachment.gwPriority - a.attachment.gwPriority || (name(a) < name(b) ? -1 : 1));
  const first = (family: Family): Member | undefined =>
    inOrder.find(({ network }) => ofFamily(network.record.subnets, family) !== undefined);
  return { ipv4: first(4), ipv6: first(6) };
}

/** Endpoints by which the default routes go. */
export type Gateways = PerFamily<string>;

/** Those that a record has. One may have left its network since. */
export function gatewaysIn({ gateway, ipv6Gateway }: SandboxRecord): Gateways {
  return { ipv4: gateway, ipv6: ipv6Gateway };
}

/** Clients of which families an endpoint publishes ports for: all, those of one; undefined: none. */
export function shareOf({ attachment }: Member, gateways: Gateways): "all" | Family | undefined {
  const own = ([4, 6] as const).filter((family) => ofFamily(gateways, family) === attachment.endpoint);
  return own.length === 0 ? undefined : own.length === eachFamily(gateways).length ? "all" : own[0];
}

/** What a network with that share is to publish. `published`: by another one, whose picked ports are taken over. */
export function portsFor(
  { ports }: Pick<SandboxRecord, "ports">,
  share: "all" | Family,
  hostBinding: IpAddress | null,
  published: readonly Mapping[],
): PortRequest[] {
  return ports.flatMap((port): PortRequest[] => {
    const { hostIp: text, ...rest } = asPicked(port, published);
    if (text !== "") {
      const host = parseHostAddress(text)!;
      return share === "all" || share === host.hostIp.family ? [{ ...rest, ...host }] : [];
    }
    if (share === "all") return [{ ...rest, hostIp: null }];
    const hostIp = hostBinding ?? { family: share, value: 0n };
    return hostIp.family === share ? [{ ...rest, hostIp }] : [];
  });
}

function asPicked(port: Port, published: readonly Mapping[]): Port {
  if (port.hostIp !== "" || (port.hostPort !== 0 && !port.pickFromRange)) return port;
  const twin = published.find(({ proto, targetPort }) => proto === port.proto && targetPort === port.targetPort);
  return twin === undefined ? port : { ...port, hostPort: twin.hostPort, hostPortEnd: twin.hostPortEnd, pickFromRange: false };
}
