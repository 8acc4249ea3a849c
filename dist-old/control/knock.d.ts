/** `unknown`: it could not be asked. */
export type Answer = "answers" | "refused" | "silent" | "unknown";
export declare function meaningOf(code: string | undefined): Answer;
/** Never rejects. */
export declare function knockAt(address: string, port: number, timeoutMs: number): Promise<Answer>;
