/** Asks a running instance: the typed other end of `server.ts`. */
import { TsproxyError } from "../errors.js";
import type { AnswerOf, Given, ROUTES } from "./routes.js";
export type RouteName = keyof typeof ROUTES;
type Arguments<Name extends RouteName> = unknown extends Given<(typeof ROUTES)[Name]> ? [] : [given: Given<(typeof ROUTES)[Name]>];
/**
 * The answer of the instance that listens on `socketPath`. Throws the error that it answers with, or TSP_ERR_INSTANCE (unavailable, permission)
 * when there is no answer.
 */
export declare function ask<Name extends RouteName>(socketPath: string, name: Name, ...[given]: Arguments<Name>): Promise<AnswerOf<(typeof ROUTES)[Name]>>;
/** The error for a file of another user's instance. */
export declare function denied(file: string, cause?: unknown): TsproxyError;
export {};
