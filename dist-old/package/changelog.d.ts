/** docs/CHANGELOG.md, and what Debian makes of it (deb-changelog(5)). */
export interface Release {
    version: string;
    /** As 2026-11-25. */
    date: string;
    /** Text of each item, in one line. */
    items: string[];
}
/** Newest first. */
export declare function parseChangelog(markdown: string): Release[];
export declare function debianChangelog(releases: Release[], maintainer: string): string;
