import { type Write } from "../show.js";
export interface PluginOptions {
    /** Put before all folders: for an image. */
    prefix: string;
    /** Take away what was installed. */
    remove?: boolean;
}
export declare function installCni({ prefix, remove }: PluginOptions, write?: Write): void;
export declare function installNetavark({ prefix, remove }: PluginOptions, write?: Write): void;
