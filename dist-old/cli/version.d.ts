export declare function versionText(): Promise<string>;
