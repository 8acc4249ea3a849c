/**
 * Holds each endpoint to its own addresses: a frame of its port has the MAC and the addresses that the configuration gave it, in the headers,
 * in ARP, in neighbor discovery and in what an ICMP error quotes; and nobody but us speaks as the gateway or as a router. What other devices call
 * port security, IP source guard, dynamic ARP inspection and RA guard (RFC 6105).
 *
 * VLAN tags are looked behind, up to two, since a host takes a frame of VLAN 0 for an untagged one. Of IPv6 an endpoint has the link-local address
 * that comes of its MAC and the one that it was given; who has none yet sends from ::, but nothing except discovery and what a multicast listener
 * says. In a network without a subnet of IPv6 nothing is known of other addresses than link-local ones and the host's, so there these are anybody's.
 *
 * In a network that is PROMISCUOUS endpoints may have other addresses too, but still not the gateway's nor the host's. What comes by the
 * host's port was sent by the host, from an address of its own.
 *
 * Other nodes of an overlay network are held to what the store says in the same way. On a LAN there is no such store: its stations may have any address, but
 * for the MAC of an endpoint.
 *
 * Runs before anything is learned or answered. `established` asks for the MAC by itself; a flow's packets come by the flow's port.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
export declare function sourceGuard(b: Batch, state: State): void;
