export type Json = Record<string, unknown>;
/** Throws CniError unless it is an object in JSON. */
export declare function parseJson(text: string): Json;
/** Undefined also for null. */
export declare function get(json: Json, name: string): unknown;
/** Undefined also for an empty one. */
export declare function string(json: Json, name: string): string | undefined;
export declare function number(json: Json, name: string): number | undefined;
/** An empty one where there is none. */
export declare function object(json: Json, name: string): Json;
export declare function list(json: Json, name: string): Json[];
export declare function strings(json: Json, name: string): string[];
