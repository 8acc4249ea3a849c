/** Fields of what a runtime sends, read whatever the case of their keys: plugins in Go do the same. Throws CniError for what is of another kind. */
import { CniError, CODES } from "./contract.js";

export type Json = Record<string, unknown>;

/** Throws CniError unless it is an object in JSON. */
export function parseJson(text: string): Json {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new CniError(CODES.decodingFailure, "error unmarshall network config", (error as Error).message);
  }
  if (json === null || typeof json !== "object" || Array.isArray(json)) throw wrong("all of it", "an object");
  return json as Json;
}

/** Undefined also for null. */
export function get(json: Json, name: string): unknown {
  const wanted = name.toLowerCase();
  const key = name in json ? name : Object.keys(json).find((each) => each.toLowerCase() === wanted);
  return key === undefined ? undefined : (json[key] ?? undefined);
}

/** Undefined also for an empty one. */
export function string(json: Json, name: string): string | undefined {
  const value = get(json, name);
  if (value === undefined || value === "") return undefined;
  if (typeof value !== "string") throw wrong(name, "a text");
  return value;
}

export function number(json: Json, name: string): number | undefined {
  const value = get(json, name);
  if (value === undefined) return undefined;
  if (typeof value !== "number" || !Number.isInteger(value)) throw wrong(name, "a whole number");
  return value;
}

/** An empty one where there is none. */
export function object(json: Json, name: string): Json {
  const value = get(json, name) ?? {};
  if (typeof value !== "object" || Array.isArray(value)) throw wrong(name, "an object");
  return value as Json;
}

export function list(json: Json, name: string): Json[] {
  const value = get(json, name) ?? [];
  if (!Array.isArray(value) || value.some((each) => each === null || typeof each !== "object")) throw wrong(name, "a list of objects");
  return value as Json[];
}

export function strings(json: Json, name: string): string[] {
  const value = get(json, name) ?? [];
  if (!Array.isArray(value) || value.some((each) => typeof each !== "string")) throw wrong(name, "a list of texts");
  return value as string[];
}

function wrong(name: string, what: string): CniError {
  return new CniError(CODES.decodingFailure, `the network configuration cannot be read: ${name} is not ${what}`);
}
