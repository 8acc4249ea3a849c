/** Paths of the packages, one for each architecture, in `folder`. */
export declare function buildDebs(tarball: string, folder: string): string[];
