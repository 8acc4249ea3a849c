import { CliCommand } from "../command.js";
import type { DockerSystem } from "../doctor/docker.js";
import type { KernelSystem } from "../doctor/kernel.js";
import { type PrintOptions, type Write } from "../show.js";
export declare function doctorCommand(): CliCommand;
/** Prints the findings. Throws TSP_ERR_DOCTOR (unavailable) when something essential is missing. `docker` undefined: not looked at. */
export declare function doctor({ json }: PrintOptions, loadKernel: () => Promise<KernelSystem>, docker: DockerSystem | undefined, write?: Write): Promise<void>;
