/** One that is not `taken`. */
export declare function makeName(taken: (name: string) => boolean): string;
