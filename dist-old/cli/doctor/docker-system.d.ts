import type { DockerSystem } from "./docker.js";
export declare const dockerSystem: DockerSystem;
