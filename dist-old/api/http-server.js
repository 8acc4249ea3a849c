/** HTTP with JSON on a unix socket: what tsproxy's own API and Docker's plugin protocol have in common. */
import { createServer } from "node:http";
import { TsproxyError } from "../errors.js";
import { listen } from "./unix-socket.js";
/** A request that is refused before anything is done, with its HTTP status. */
export class RequestError extends TsproxyError {
    constructor(status, message, hint, cause) {
        super("TSP_ERR_API_REQUEST", status === 404 ? "not-found" : "invalid", message, hint, cause);
        this.status = status;
    }
}
/** `answer` never rejects. Throws what `listen` throws. */
export async function serveHttp(answer, options) {
    const server = createServer((message, response) => {
        void answer(requestOf(message, options.maxBody)).then(({ status, value, headers }) => {
            response.writeHead(status, {
                "content-type": options.contentType,
                // What was not read of a body that is too long must not be taken for the next request.
                ...(status === 413 && { connection: "close" }),
                ...headers,
            });
            response.end(value === undefined ? undefined : `${JSON.stringify(value)}\n`);
        });
    });
    // A client that has kept its connection may be sending just when Node would close it: local connections cost nothing, so they stay open.
    server.keepAliveTimeout = 0;
    await listen(server, options);
    return {
        path: options.path,
        close: () => new Promise((resolve) => {
            server.close(() => resolve());
            server.closeAllConnections();
        }),
    };
}
function requestOf(message, maxBody) {
    const url = message.url ?? "/";
    const question = url.indexOf("?");
    return {
        method: message.method ?? "",
        path: question < 0 ? url : url.slice(0, question),
        query: new URLSearchParams(question < 0 ? "" : url.slice(question)),
        body: () => readJson(message, maxBody),
    };
}
async function readJson(message, maxBody) {
    const chunks = [];
    let length = 0;
    for await (const chunk of message) {
        length += chunk.length;
        if (length > maxBody)
            throw new RequestError(413, `the message is longer than ${maxBody} bytes`);
        chunks.push(chunk);
    }
    if (length === 0)
        return undefined;
    try {
        return JSON.parse(Buffer.concat(chunks).toString("utf8"));
    }
    catch (cause) {
        throw new RequestError(400, `the message is no JSON: ${cause.message}`, undefined, cause);
    }
}
//# sourceMappingURL=http-server.js.map