/** The package's version. */
export declare function version(): string;
/** The commit that was built, as `git describe` has it; undefined where none was noted (`build:info` in package.json). */
export declare function commit(): string | undefined;
