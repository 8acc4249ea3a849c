/**
 * `emit`, for the ingress of an uplink: frames that the engine wrote. Needs `forwarding` on the uplink, else `fib_lookup` answers nothing.
 *
 * What is for the host itself goes in again by its loopback device, as from a program on the host (home-program.ts).
 * What IPsec policies of the host may want to encrypt, or to drop, the stack is to forward: it alone knows.
 * What the lookup has no device for goes on to the host's own stack, which does what a router does (fragments, answers "unreachable").
 *
 * Link-local addresses are never forwarded, and many devices have the same ones: a client that has one is answered through the interface
 * of its entry in `flows6`, the one that the host's kernel accepted it from.
 */
import { type MapFds } from "./program.js";
/**
 * `ipsec`: the kernel has it, so there may be policies. `ipv6`: the kernel has it. `givesBack`: to the engine what it is to deal with; else the host's stack
 * gets that too, and fragments, say, what is too long.
 */
export declare function emitProgram(uplinkIfindex: number, maps: MapFds, { ipsec, ipv6, givesBack }?: {
    givesBack?: boolean | undefined;
    ipsec?: boolean | undefined;
    ipv6?: boolean | undefined;
}): Uint8Array;
