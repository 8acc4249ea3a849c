/** One HTTP request on a unix socket, answered with JSON: for tsproxy's own API and for dockerd's. */
import http from "node:http";
/** Why there was no answer. `errno` is a system call's ("ENOENT", "EACCES"), or undefined. */
export class NoAnswer extends Error {
    constructor(message, errno, cause) {
        super(message, { cause });
        this.errno = errno;
    }
}
/** Resolves with any status. Rejects with NoAnswer. */
export function requestJson(socketPath, { method, path, body, timeoutMs }) {
    return new Promise((resolve, reject) => {
        const text = body === undefined ? undefined : JSON.stringify(body);
        const headers = text === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(text) };
        const fail = (error) => reject(new NoAnswer(error.message, error.code, error));
        const request = http.request({ socketPath, path, method, headers, timeout: timeoutMs }, (response) => {
            const chunks = [];
            response.on("data", (chunk) => chunks.push(chunk));
            response.on("error", fail);
            response.on("end", () => {
                const answer = Buffer.concat(chunks).toString("utf8");
                try {
                    resolve({ status: response.statusCode ?? 0, value: answer === "" ? undefined : JSON.parse(answer) });
                }
                catch (cause) {
                    reject(new NoAnswer(`it answers ${path} with something that is not JSON`, undefined, cause));
                }
            });
        });
        request.on("timeout", () => request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
        request.on("error", fail);
        request.end(text);
    });
}
//# sourceMappingURL=http-client.js.map