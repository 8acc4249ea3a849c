/** What ADD answers (CNI spec 1.1.0, section 5), and what CHECK compares. */
import type { Member } from "../sandbox/member.js";
import type { Config } from "./config.js";
import { type Environment } from "./contract.js";
/** Behind what plugins before this one have done. */
export declare function resultOf(config: Config, { ifname, netns }: Environment, { network, endpoint }: Member): object;
/** Throws CniError where the last ADD's result, as the runtime keeps it, says something else than there is. */
export declare function checkResult({ prevResult }: Config, { ifname, netns }: Environment, { network, endpoint }: Member): void;
