/**
 * Reads a plugin message, which is whatever came over a socket: each reader answers a value of its type or throws TSP_ERR_MESSAGE (invalid)
 * that names the field. Go writes null for an empty map, list or address, so null is the same as missing.
 */
import { TsproxyError } from "../errors.js";
export class Message {
    constructor(
    /** Where it stands, for errors: `CreateEndpoint`, `CreateEndpoint.Interface`. */
    where, fields) {
        this.where = where;
        this.fields = fields;
    }
    static of(where, value) {
        if (typeof value !== "object" || value === null || Array.isArray(value))
            throw refused(where, "is no object");
        return new Message(where, value);
    }
    keys() {
        return Object.keys(this.fields);
    }
    /** Missing or empty is an error. */
    text(name) {
        const value = this.optionalText(name);
        if (value === "")
            throw refused(`${this.where}.${name}`, "is missing");
        return value;
    }
    /** "" when missing. */
    optionalText(name) {
        const value = this.fields[name] ?? "";
        if (typeof value !== "string")
            throw refused(`${this.where}.${name}`, "is no string");
        return value;
    }
    /** An id of docker's: it becomes part of device names. */
    id(name) {
        const value = this.text(name);
        if (!/^[0-9A-Za-z]{12,128}$/.test(value))
            throw refused(`${this.where}.${name}`, `'${value.slice(0, 40)}' is no id`);
        return value;
    }
    /** Missing is an error unless there is a default. */
    integer(name, min, max, missing) {
        const value = this.fields[name] ?? missing;
        if (value === undefined)
            throw refused(`${this.where}.${name}`, "is missing");
        if (!Number.isInteger(value) || value < min || value > max)
            throw refused(`${this.where}.${name}`, `is no number from ${min} to ${max}`);
        return value;
    }
    flag(name, missing) {
        const value = this.fields[name] ?? missing;
        if (typeof value !== "boolean")
            throw refused(`${this.where}.${name}`, "is neither true nor false");
        return value;
    }
    /** Empty when missing. */
    object(name) {
        return Message.of(`${this.where}.${name}`, this.fields[name] ?? {});
    }
    /** Empty when missing. */
    list(name) {
        const value = this.fields[name] ?? [];
        if (!Array.isArray(value))
            throw refused(`${this.where}.${name}`, "is no list");
        return value.map((item, i) => Message.of(`${this.where}.${name}[${i}]`, item));
    }
}
/** `where` names the field, `problem` goes on: "is missing". */
export function refused(where, problem) {
    return new TsproxyError("TSP_ERR_MESSAGE", "invalid", `${where} ${problem}`);
}
//# sourceMappingURL=message.js.map