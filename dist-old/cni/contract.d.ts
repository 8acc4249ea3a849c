export declare const VERSIONS: string[];
/** Of the specification, section 3; from 100 a plugin's own. */
export declare const CODES: {
    readonly incompatibleVersion: 1;
    readonly unsupportedField: 2;
    readonly unknownContainer: 3;
    readonly invalidEnvironment: 4;
    readonly decodingFailure: 6;
    readonly invalidConfig: 7;
    readonly invalidNetns: 8;
    readonly tryAgain: 11;
    readonly conflict: 100;
    readonly internal: 999;
};
export declare class CniError extends Error {
    readonly code: number;
    readonly details: string;
    constructor(code: number, message: string, details?: string);
    /** As the plugin answers it. */
    body(cniVersion: string): object;
    static of(error: unknown): CniError;
}
export interface Environment {
    command: string;
    containerId: string;
    netns: string;
    ifname: string;
    /** `CNI_ARGS`, by key. */
    args: Map<string, string>;
    /** Folders of plugins. */
    path: string[];
}
/** Throws CniError with the texts of the helper that most plugins are made with (`skel`). */
export declare function parseEnvironment(env: Readonly<Record<string, string>>): Environment;
/** Throws CniError for a version that is not spoken, or that does not have the command. */
export declare function checkVersion(command: string, version: string): void;
