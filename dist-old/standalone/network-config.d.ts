/** `--network` and `--endpoint`: one network, with a subnet of either family or of both, and who is in it. Refusals as in `config.ts`. */
import type { BridgeSpec } from "../control/network/bridge.js";
import type { EndpointSpec } from "../control/network/endpoints.js";
import type { NetworkSpec } from "../control/network/kinds.js";
import type { Subnet } from "../control/network/subnet.js";
import { type IpAddress } from "../wire/ip-address.js";
import { type PerFamily } from "../wire/per-family.js";
/** `10.44.0.0/24`, `fd00:44::/64`, or both with a comma between. */
export declare function parseNetwork(text: string, mtu: string | undefined, promiscuous?: boolean): BridgeSpec;
export declare function parseEndpoints(texts: string[], { subnets }: NetworkSpec): EndpointSpec[];
/** An address of each family that the network has: where none is named, the lowest that is free. */
export declare function withMissing(what: string, addresses: PerFamily<IpAddress>, subnets: PerFamily<Subnet>, taken: readonly PerFamily<IpAddress>[]): PerFamily<IpAddress>;
/** `NETNS=ADDRESS`, or an address of each family with a comma between; families that are not named are missing. */
export declare function parseEndpoint(text: string, subnets: PerFamily<Subnet>): EndpointSpec;
