/**
 * Whether a packet between endpoints of a network without ICC passes because one is linked to the other: the client's to the ports that the link
 * opens, the server's answers from these ports, and the ICMP errors about both. What would open something in the other direction does not pass: a
 * SYN of TCP, an INIT of SCTP. UDP has no such mark, so there the port counts alone, as with Docker's rules. Nothing is remembered: both
 * addresses are those of the endpoints that it goes from and to.
 */
import { type Batch } from "../mem/batch.js";
import type { State } from "./state.js";
/** `port`: of the endpoint that it would go to. */
export declare function isLinked(b: Batch, i: number, state: State, network: number, port: number): boolean;
