/**
 * How the host's kernel reaches a target that is in no network of our own, and so which clients it could not answer through us. That changes with
 * the host: a bridge appears, or gets another address or prefix. So it is asked for again whenever the host was read again (`publisher.ts`).
 */
import { TsproxyError } from "../errors.js";
import type { RouteSocket } from "../sys/rtnetlink.js";
import { type IpAddress } from "../wire/ip-address.js";
import type { Host } from "./host.js";
import type { Reach } from "./network/network.js";
/** A Reach; `gateway`: the target is behind one, so it may have other ways to its clients. */
export interface KernelReach extends Reach {
    gateway: boolean;
}
/** Throws a TSP_ERR_TARGET that says why there is no way. */
export declare function kernelReach(socket: RouteSocket, host: Host, target: IpAddress): KernelReach;
export declare function localTarget(target: IpAddress): TsproxyError;
