import type { Containers } from "./containers.js";
export declare class Cni {
    private readonly containers;
    constructor(containers: Containers);
    /** The result, if the command has one. Throws CniError, and what the model throws. */
    call(variables: Readonly<Record<string, string>>, text: string): Promise<object | undefined>;
    private add;
    private check;
}
