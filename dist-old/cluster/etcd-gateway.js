/**
 * etcd's JSON gateway: gRPC calls of its v3 API as HTTP, POST with JSON in JSON out, on the client port of every member (etcd 3.4 and later).
 * Calls go to one member as long as it answers, then to the next. A call is tried a second time only where that is safe: all that we send is
 * either a question or depends on what is there (`store.ts`).
 */
import http from "node:http";
import https from "node:https";
import { storeError } from "./store.js";
/** So long one member may take; another is asked then. */
const ATTEMPT_MS = 1500;
/** So long all of them may take. */
const DEADLINE_MS = 3500;
/** google.rpc.Code */
export const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3, DEADLINE_EXCEEDED = 4, PERMISSION_DENIED = 7, FAILED_PRECONDITION = 9, UNIMPLEMENTED = 12, UNAVAILABLE = 14, UNAUTHENTICATED = 16;
/** An answer that is an error of etcd's. */
export class EtcdError extends Error {
    constructor(code, message) {
        super(message);
        this.code = code;
    }
}
/** No answer from a member, or none that is one; another may do. */
class MemberError extends Error {
}
export class Gateway {
    constructor(options) {
        this.options = options;
        this.current = 0;
        this.streams = new Set();
        const settings = { keepAlive: true, maxSockets: 8, timeout: DEADLINE_MS };
        this.agent = options.tls === undefined ? new http.Agent(settings) : new https.Agent(settings);
    }
    get name() {
        return this.options.endpoints.map(formatEndpoint).join(",");
    }
    /** Throws EtcdError, TSP_ERR_STORE. */
    async call(path, body) {
        return this.authorized(() => this.anyMember((endpoint, ms) => this.post(endpoint, path, body, ms)));
    }
    /** `{"etcdserver":"3.4.23",…}` */
    version() {
        return this.anyMember((endpoint, ms) => this.request(endpoint, "GET", "/version", undefined, ms));
    }
    /** One call whose answer goes on. Its end means that the next is to go to another member. */
    stream(path, body, listener) {
        const member = this.current;
        let closed = false;
        const end = (error) => {
            if (closed)
                return;
            close();
            if (this.current === member)
                this.next();
            listener.onEnd(error);
        };
        const request = this.open(this.options.endpoints[member], "POST", path, { agent: false });
        const silence = setTimeout(() => end(new MemberError(`no answer within ${ATTEMPT_MS} ms`)), ATTEMPT_MS);
        const close = () => {
            closed = true;
            clearTimeout(silence);
            this.streams.delete(request);
            request.destroy();
        };
        this.streams.add(request);
        request.on("error", (error) => end(new MemberError(error.message)));
        request.on("response", (response) => {
            if (response.statusCode === 401)
                this.token = undefined;
            let rest = "";
            response.setEncoding("utf8");
            response.on("data", (chunk) => {
                clearTimeout(silence);
                const lines = (rest + chunk).split("\n");
                rest = lines.pop();
                for (const line of lines) {
                    const message = parseJson(line);
                    if (message === undefined)
                        return end(new MemberError("an answer that is not JSON"));
                    if (!closed)
                        listener.onMessage(message);
                }
            });
            response.on("error", (error) => end(new MemberError(error.message)));
            response.on("end", () => end(new MemberError(`the stream ended (HTTP ${response.statusCode}) ${rest.slice(0, 200)}`)));
        });
        request.end(JSON.stringify(body));
        return { close };
    }
    close() {
        for (const request of this.streams)
            request.destroy();
        this.agent.destroy();
    }
    /** Calls that need a token get one, and a new one when it is refused. */
    async authorized(action) {
        for (let again = false;; again = true) {
            if (this.options.user !== undefined && this.token === undefined)
                await this.authenticate();
            try {
                return await action();
            }
            catch (error) {
                if (!(error instanceof EtcdError))
                    throw error;
                const { code, message } = error;
                if (code === UNAUTHENTICATED && this.options.user !== undefined && !again)
                    this.token = undefined;
                else if (code === UNAUTHENTICATED || (code === INVALID_ARGUMENT && message.includes("user name is empty")))
                    throw storeError("permission", `the store at ${this.name} wants a user (${message})`, "add --store-user and --store-password-file", error);
                else if (code === PERMISSION_DENIED)
                    throw storeError("permission", `the store at ${this.name} does not let this user (${message})`, "grant its role read and write of /tsproxy/", error);
                else
                    throw error;
            }
        }
    }
    async authenticate() {
        const { name, password } = this.options.user;
        try {
            const answer = await this.anyMember((endpoint, ms) => this.post(endpoint, "/v3/auth/authenticate", { name, password }, ms));
            this.token = answer.token ?? "";
        }
        catch (error) {
            if (!(error instanceof EtcdError))
                throw error;
            if (error.code === FAILED_PRECONDITION)
                this.token = ""; // authentication is not enabled there: anybody may
            else
                throw storeError("permission", `the store at ${this.name} refuses user '${name}' (${error.message})`, "is the password right?", error);
        }
    }
    /** From the member that answered last; each has a turn. A broken connection of before is no fault of its member, so one has two. */
    async anyMember(ask) {
        const deadline = performance.now() + DEADLINE_MS;
        const problems = new Map();
        for (let i = 0; i <= this.options.endpoints.length; i++) {
            const left = deadline - performance.now();
            if (left <= 0)
                break;
            const member = this.current;
            const endpoint = this.options.endpoints[member];
            try {
                return await ask(endpoint, Math.min(ATTEMPT_MS, left));
            }
            catch (error) {
                const elsewhere = error instanceof EtcdError && (error.code === UNAVAILABLE || error.code === DEADLINE_EXCEEDED);
                if (!elsewhere && !(error instanceof MemberError))
                    throw error;
                problems.set(formatEndpoint(endpoint), error.message);
                if (this.current === member)
                    this.next();
            }
        }
        const each = [...problems].map(([endpoint, problem]) => `${endpoint}: ${problem}`).join("; ");
        throw storeError("unavailable", `store unreachable (${each})`, "is etcd running, and is this its client address?");
    }
    next() {
        this.current = (this.current + 1) % this.options.endpoints.length;
    }
    post(endpoint, path, body, timeoutMs) {
        return this.request(endpoint, "POST", path, body, timeoutMs);
    }
    request(endpoint, method, path, body, timeoutMs) {
        return new Promise((resolve, reject) => {
            const request = this.open(endpoint, method, path, { agent: this.agent });
            const timer = setTimeout(() => request.destroy(new Error(`no answer within ${Math.round(timeoutMs)} ms`)), timeoutMs);
            const fail = (error) => {
                clearTimeout(timer);
                reject(new MemberError(error.message === "" ? String(error.code) : error.message));
            };
            request.on("error", fail);
            request.on("response", (response) => {
                let text = "";
                response.setEncoding("utf8");
                response.on("data", (chunk) => {
                    text += chunk;
                });
                response.on("error", fail);
                response.on("end", () => {
                    clearTimeout(timer);
                    try {
                        resolve(answerOf(response.statusCode ?? 0, text));
                    }
                    catch (error) {
                        reject(error);
                    }
                });
            });
            request.end(body === undefined ? undefined : JSON.stringify(body));
        });
    }
    open({ host, port }, method, path, { agent }) {
        const { tls } = this.options;
        const headers = {
            "content-type": "application/json",
            // A member that has lost the others says so, instead of falling silent: gRPC metadata of etcd's clients, as the gateway takes it.
            "grpc-metadata-hasleader": "true",
            ...(this.token && { authorization: this.token }),
        };
        return (tls === undefined ? http : https).request({ host, port, method, path, headers, agent, ...tls });
    }
}
/** Throws EtcdError; MemberError for what is no etcd, or one that does not know the call. */
function answerOf(status, text) {
    const value = parseJson(text);
    if (status === 200 && value !== undefined)
        return value;
    const { message, error, code } = (value ?? {});
    const words = [message, error].find((each) => typeof each === "string");
    if (typeof code === "number" && code !== UNIMPLEMENTED && words !== undefined)
        throw new EtcdError(code, words);
    throw new MemberError(`no etcd of version 3.4 or later: it answers ${status} ${text.slice(0, 60).trim()}`);
}
function parseJson(text) {
    try {
        const value = JSON.parse(text);
        return typeof value === "object" && value !== null ? value : undefined;
    }
    catch {
        return undefined;
    }
}
function formatEndpoint({ host, port }) {
    return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
//# sourceMappingURL=etcd-gateway.js.map