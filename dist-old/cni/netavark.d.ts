/**
 * Netavark's plugin calls (plugin-API.md, API 1.0.0), by which Podman 4.5 and later uses networks of other drivers: `create` for `podman network create -d
 * tsproxy`, `setup` and `teardown` for each container. Podman keeps the configuration, and tells nobody when it removes it; so `create` makes nothing, and the
 * network is made with its first container. What has no subnet gets one then.
 */
import type { Containers } from "./containers.js";
export declare class Netavark {
    private readonly containers;
    constructor(containers: Containers);
    /** What is to be on standard output. Throws CniError, and what the model throws. */
    call(command: string, netns: string, text: string): Promise<object | undefined>;
    private setup;
}
