/** The network configuration that a runtime sends (CNI spec 1.1.0, section 1; CONVENTIONS.md for capabilities). */
import type { Bandwidth } from "../table/bandwidth.js";
import { type Json } from "./json.js";
import { type Range } from "./ranges.js";
export interface Config {
    cniVersion: string;
    name: string;
    /** As it was sent, for a plugin that manages addresses. */
    text: string;
    /** What the network is to have, one a family at most; none: one of Docker's pools. */
    ranges: Range[];
    /** With a range of IPv6 that is chosen, beside the others. */
    ipv6: boolean;
    /** Plugin that manages addresses; undefined: we do. */
    ipam: string | undefined;
    internal: boolean;
    mtu: number | undefined;
    /** Addresses that are asked for, without lengths. */
    ips: string[];
    mac: string | undefined;
    aliases: string[];
    /** As `-p` has them. */
    publish: string[];
    servers: string[];
    searches: string[];
    options: string[];
    bandwidth: Bandwidth | undefined;
    /** What is still there; undefined: it is not said. */
    attachments: {
        containerId: string;
        ifname: string;
    }[] | undefined;
    /** Of the plugins before this one, or, in CHECK and DEL, of the last ADD. */
    prevResult: PrevResult | undefined;
}
/** In the form of version 0.3.1 and later. */
export interface PrevResult {
    interfaces: Json[];
    ips: Json[];
    routes: Json[];
    dns: Json;
}
/** Throws CniError. */
export declare function parseConfig(text: string): Config;
