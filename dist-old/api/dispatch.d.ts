/** From an HTTP request to the handler of its route, with everything in it checked, and back to an HTTP answer. */
import * as v from "valibot";
import { type HttpAnswer, type HttpRequest } from "./http-server.js";
import type { Handlers, Routes } from "./routes.js";
/** What answers every request: an error becomes its status and `ErrorBody`. Never rejects. */
export declare function dispatcher<R extends Routes>(routes: R, handlers: Handlers<R>): (request: HttpRequest) => Promise<HttpAnswer>;
/** Throws a RequestError that says what is wrong. */
export declare function check(part: "query" | "body", schema: v.GenericSchema, value: unknown): unknown;
