/**
 * The host's IPsec policies (linux/xfrm.h): which packets are to be encrypted, or dropped. Only read here, in the caller's network namespace.
 *
 *     xfrm_userpolicy_info   selector (56 bytes: destination and source address of 16 bytes each, ports and masks, u16 family at 40,
 *                            u8 prefix lengths of destination and source at 42 and 43, …), lifetimes, then at 160 u8 direction, u8 action
 */
import fs from "node:fs";
import os from "node:os";
import { formatPrefix, ofBytes, prefixOf } from "../wire/ip-address.js";
import { native, systemError } from "./native.js";
import { DatagramReader, NetlinkSocket, parseAttributes, readU16, readU32 } from "./netlink.js";
const NETLINK_XFRM = 6;
const MSG_GETPOLICY = 0x15;
/** Bit of XFRMNLGRP_POLICY (4). */
const GROUP_POLICY = 1 << 3;
const POLICY_INFO_SIZE = 168, POLICY_ID_SIZE = 64;
const DESTINATION_AT = 0, SOURCE_AT = 16, FAMILY_AT = 40, DESTINATION_PREFIX_AT = 42, SOURCE_PREFIX_AT = 43, DIRECTION_AT = 160, ACTION_AT = 161;
const AF_INET = 2, AF_INET6 = 10, DIR_OUT = 1, ACTION_BLOCK = 1;
/** XFRMA_*: what is to be done with a packet; the xfrm interface that the policy is for alone. */
const XFRMA_TMPL = 5, XFRMA_IF_ID = 31;
const MSG_DONTWAIT = 0x40;
const { EAGAIN, ENOBUFS } = os.constants.errno;
/**
 * The far ends of the policies that encrypt or block, of either direction and family; null where the kernel has no IPsec. Those of xfrm interfaces
 * are left out: such a device applies them by itself. Throws TSP_ERR_SYSCALL.
 */
export function protectedNetworks() {
    let socket;
    try {
        socket = new NetlinkSocket(-1, NETLINK_XFRM);
    }
    catch {
        return null;
    }
    try {
        const found = new Map();
        for (const { payload } of socket.dump("list IPsec policies", MSG_GETPOLICY, new Uint8Array(POLICY_ID_SIZE))) {
            const network = farEnd(payload);
            if (network !== null)
                found.set(formatPrefix(network), network);
        }
        return [...found.values()];
    }
    finally {
        socket.close();
    }
}
function farEnd(policy) {
    if (policy.length < POLICY_INFO_SIZE)
        return null;
    const family = readU16(policy, FAMILY_AT);
    if (family !== AF_INET && family !== AF_INET6)
        return null;
    const attributes = parseAttributes(policy, POLICY_INFO_SIZE);
    const interfaceId = attributes.get(XFRMA_IF_ID);
    if (interfaceId !== undefined && readU32(interfaceId, 0) !== 0)
        return null;
    if (policy[ACTION_AT] !== ACTION_BLOCK && !attributes.has(XFRMA_TMPL))
        return null;
    const out = policy[DIRECTION_AT] === DIR_OUT;
    const prefixLength = policy[out ? DESTINATION_PREFIX_AT : SOURCE_PREFIX_AT];
    const at = out ? DESTINATION_AT : SOURCE_AT;
    return prefixOf(ofBytes(policy.subarray(at, at + (family === AF_INET ? 4 : 16))), prefixLength);
}
/** Tells of changes to them. */
export class PolicyMonitor {
    /** Throws where the kernel has no IPsec. */
    constructor() {
        this.fd = native.openNetlink(GROUP_POLICY, -1, NETLINK_XFRM);
        this.reader = new DatagramReader(this.fd);
    }
    /** Whether anything has changed since the last call; does not wait. */
    drain() {
        for (let changed = false;; changed = true) {
            const datagram = this.reader.next(MSG_DONTWAIT);
            if (datagram === -EAGAIN)
                return changed;
            if (typeof datagram === "number" && datagram !== -ENOBUFS)
                throw systemError("recv(NETLINK_XFRM)", datagram);
        }
    }
    close() {
        fs.closeSync(this.fd);
    }
}
//# sourceMappingURL=xfrm.js.map