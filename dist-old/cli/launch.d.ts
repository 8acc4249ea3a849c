/** Carries out the command line of this process. Throws TSP_ERR_INSTANCE without a daemon, TSP_ERR_SANDBOX when the program is not installed. */
export declare function throughFront(): Promise<void>;
/** For commands that exit as a program does: what fails in tsproxy itself has an exit code that programs seldom have. */
export declare function exitingAsDocker(action: () => Promise<void>): Promise<void>;
