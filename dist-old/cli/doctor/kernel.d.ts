/**
 * What tsproxy needs of the kernel and of its privileges. Each thing is tried, and what is tried is undone: the TAP that is made, with what is
 * attached to it, is gone when its descriptor is closed.
 */
import type { SteeringProbe } from "../../steer/probe.js";
import { type IpPrefix } from "../../wire/ip-address.js";
import { type Check } from "./check.js";
/** What is tried; every call may throw. */
export interface KernelSystem {
    /** Effective capabilities of this process, a bit each (linux/capability.h). */
    capabilities(): bigint;
    openTap(): DoctorTap;
    /** Loads the steering programs, attaches nothing. */
    probeSteering(): SteeringProbe;
    hostFamilies(): readonly (4 | 6)[];
    /** Whether net.ipv6.conf can be written; and whether the kernel forwards what it is handed by a device that asks for it, or by all. */
    ipv6Settings(): {
        writable: boolean;
        forwards: boolean;
    };
    /** What IPsec policies of the host are about; null where the kernel has no IPsec. */
    protectedNetworks(): IpPrefix[] | null;
    enterNetns(): void;
    openEchoSocket(): void;
}
export interface DoctorTap {
    /** 0, or -errno when the kernel does not know one of the bits. */
    offload(bits: number): number;
    addClsact(): void;
    close(): void;
}
export declare function checkKernel(checks: Check[], system: KernelSystem): Promise<void>;
