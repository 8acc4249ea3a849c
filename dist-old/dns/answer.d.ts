import { type DecodedPacket, type Question } from "dns-packet";
import type { NameScope } from "../sandbox/name-service.js";
import type { Directory } from "./directory.js";
/** Of our own datagrams to ask with; RFC 9715 §3. */
export declare const MAX_SIZE = 1232;
export declare const RCODES: {
    readonly noError: 0;
    readonly formErr: 1;
    readonly servFail: 2;
    readonly notImp: 4;
    readonly refused: 5;
};
/** `forward`: nobody here knows; `ignore`: it is no question at all. */
export type Verdict = {
    kind: "answer";
    bytes: Buffer;
} | {
    kind: "forward";
    query: Query;
} | {
    kind: "ignore";
};
export interface Query {
    bytes: Buffer;
    packet: DecodedPacket;
    question: Question;
    /** Bytes that an answer may have. */
    room: number;
}
/** `overTcp`: answers may have 65,535 bytes. */
export declare function answer(bytes: Buffer, scope: NameScope, directory: Directory, overTcp: boolean): Verdict;
/** Header and question of what was asked, with a code and nothing else. */
export declare function refusal(bytes: Buffer, rcode: number): Buffer;
