/** The command that compiles what `native/` lacks. */
export declare const BUILD_COMMAND: string;
/** Path of the addon that this process loads; null where none was built and the package has none for this platform. */
export declare function addonFile(folder?: string, platform?: string | undefined): string | null;
/** Path of the docker-proxy launcher, which is static and so the same for every libc; null where there is none. */
export declare function launcherFile(folder?: string, arch?: string): string | null;
/** Path of the program that starts others in namespaces of their own; null where there is none. */
export declare function sandboxFile(folder?: string, arch?: string): string | null;
/** Path of the CNI plugin; null where there is none. */
export declare function cniFile(folder?: string, arch?: string): string | null;
/** As the folders in `native/prebuilt/` are called: `linux-x64-glibc`, `linux-arm64-musl`. */
export declare function platformName(): string;
