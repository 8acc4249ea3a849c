import { CliCommand } from "../command.js";
import { type Write } from "../show.js";
interface RawList {
    quiet?: boolean;
    trunc?: boolean;
    json?: boolean;
}
export declare function networkCommand(): CliCommand;
export declare function showNetworks({ quiet, trunc, json }: RawList, write?: Write): Promise<void>;
/** Does it for each word and prints those that worked; what failed is thrown at the end, when the others are done. */
export declare function eachWord(words: readonly string[], action: (word: string) => Promise<void>, write?: Write): Promise<void>;
export {};
