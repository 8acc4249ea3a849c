/**
 * Reads a plugin message, which is whatever came over a socket: each reader answers a value of its type or throws TSP_ERR_MESSAGE (invalid)
 * that names the field. Go writes null for an empty map, list or address, so null is the same as missing.
 */
import { TsproxyError } from "../errors.js";
export declare class Message {
    /** Where it stands, for errors: `CreateEndpoint`, `CreateEndpoint.Interface`. */
    readonly where: string;
    private readonly fields;
    private constructor();
    static of(where: string, value: unknown): Message;
    keys(): string[];
    /** Missing or empty is an error. */
    text(name: string): string;
    /** "" when missing. */
    optionalText(name: string): string;
    /** An id of docker's: it becomes part of device names. */
    id(name: string): string;
    /** Missing is an error unless there is a default. */
    integer(name: string, min: number, max: number, missing?: number): number;
    flag(name: string, missing: boolean): boolean;
    /** Empty when missing. */
    object(name: string): Message;
    /** Empty when missing. */
    list(name: string): Message[];
}
/** `where` names the field, `problem` goes on: "is missing". */
export declare function refused(where: string, problem: string): TsproxyError;
