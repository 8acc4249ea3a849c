/** Fields of what a runtime sends, read whatever the case of their keys: plugins in Go do the same. Throws CniError for what is of another kind. */
import { CniError, CODES } from "./contract.js";
/** Throws CniError unless it is an object in JSON. */
export function parseJson(text) {
    let json;
    try {
        json = JSON.parse(text);
    }
    catch (error) {
        throw new CniError(CODES.decodingFailure, "error unmarshall network config", error.message);
    }
    if (json === null || typeof json !== "object" || Array.isArray(json))
        throw wrong("all of it", "an object");
    return json;
}
/** Undefined also for null. */
export function get(json, name) {
    const wanted = name.toLowerCase();
    const key = name in json ? name : Object.keys(json).find((each) => each.toLowerCase() === wanted);
    return key === undefined ? undefined : (json[key] ?? undefined);
}
/** Undefined also for an empty one. */
export function string(json, name) {
    const value = get(json, name);
    if (value === undefined || value === "")
        return undefined;
    if (typeof value !== "string")
        throw wrong(name, "a text");
    return value;
}
export function number(json, name) {
    const value = get(json, name);
    if (value === undefined)
        return undefined;
    if (typeof value !== "number" || !Number.isInteger(value))
        throw wrong(name, "a whole number");
    return value;
}
/** An empty one where there is none. */
export function object(json, name) {
    const value = get(json, name) ?? {};
    if (typeof value !== "object" || Array.isArray(value))
        throw wrong(name, "an object");
    return value;
}
export function list(json, name) {
    const value = get(json, name) ?? [];
    if (!Array.isArray(value) || value.some((each) => each === null || typeof each !== "object"))
        throw wrong(name, "a list of objects");
    return value;
}
export function strings(json, name) {
    const value = get(json, name) ?? [];
    if (!Array.isArray(value) || value.some((each) => typeof each !== "string"))
        throw wrong(name, "a list of texts");
    return value;
}
function wrong(name, what) {
    return new CniError(CODES.decodingFailure, `the network configuration cannot be read: ${name} is not ${what}`);
}
//# sourceMappingURL=json.js.map