/**
 * etcd's JSON gateway: gRPC calls of its v3 API as HTTP, POST with JSON in JSON out, on the client port of every member (etcd 3.4 and later).
 * Calls go to one member as long as it answers, then to the next. A call is tried a second time only where that is safe: all that we send is
 * either a question or depends on what is there (`store.ts`).
 */
import http from "node:http";
import https from "node:https";
import type { PeerCertificate } from "node:tls";
import type { EtcdEndpoint, EtcdOptions } from "./etcd-options.js";
import { storeError } from "./store.js";

/** So long one member may take; another is asked then. */
const ATTEMPT_MS = 1500;
/** So long all of them may take until one answers; what an answer brings may take longer, as long as it goes on. */
const DEADLINE_MS = 3500,
  LONGEST_MS = 10_000;
/** Of an answer, or of one message of a stream: more is not ours to keep in memory. */
const MAX_ANSWER = 64 << 20;

/** google.rpc.Code */
export const NOT_FOUND = 5;
const INVALID_ARGUMENT = 3,
  DEADLINE_EXCEEDED = 4,
  PERMISSION_DENIED = 7,
  FAILED_PRECONDITION = 9,
  UNIMPLEMENTED = 12,
  UNAVAILABLE = 14,
  UNAUTHENTICATED = 16;

/** An answer that is an error of etcd's. */
export class EtcdError extends Error {
  constructor(
    readonly code: number,
    message: string,
  ) {
    super(message);
  }
}

/** It is longer than MAX_ANSWER: less is to be asked for. */
export class AnswerTooLong extends Error {}

/** No answer from a member, or none that is one; another may do. */
class MemberError extends Error {}

export interface StreamListener {
  /** A line of JSON. */
  onMessage(message: unknown): void;
  /** Not after `close`. */
  onEnd(error: Error): void;
}

export class Gateway {
  private current = 0;
  private token: string | undefined;
  private readonly agent: http.Agent;
  private readonly streams = new Set<http.ClientRequest>();

  constructor(private readonly options: EtcdOptions) {
    const settings = { keepAlive: true, maxSockets: 8, timeout: DEADLINE_MS };
    this.agent = options.tls === undefined ? new http.Agent(settings) : new https.Agent(settings);
  }

  get name(): string {
    return this.options.endpoints.map(formatEndpoint).join(",");
  }

  /** Throws EtcdError, TSP_ERR_STORE. */
  async call(path: string, body: unknown): Promise<unknown> {
    return this.authorized(() => this.anyMember((endpoint, ms) => this.post(endpoint, path, body, ms)));
  }

  /** `{"etcdserver":"3.4.23",…}` */
  version(): Promise<unknown> {
    return this.anyMember((endpoint, ms) => this.request(endpoint, "GET", "/version", undefined, ms));
  }

  /** One call whose answer goes on. Its end means that the next is to go to another member. */
  stream(path: string, body: unknown, listener: StreamListener): { close(): void } {
    const member = this.current;
    let closed = false;
    const end = (error: Error): void => {
      if (closed) return;
      close();
      if (this.current === member) this.next();
      listener.onEnd(error);
    };
    const request = this.open(this.options.endpoints[member]!, "POST", path, { agent: false });
    const silence = setTimeout(() => end(new MemberError(`no answer within ${ATTEMPT_MS} ms`)), ATTEMPT_MS);
    const close = (): void => {
      closed = true;
      clearTimeout(silence);
      this.streams.delete(request);
      request.destroy();
    };
    this.streams.add(request);
    request.on("error", (error) => end(new MemberError(error.message)));
    request.on("response", (response) => {
      if (response.statusCode === 401) this.token = undefined;
      let rest = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        clearTimeout(silence);
        if (rest.length + chunk.length > MAX_ANSWER) return end(new MemberError(`a message of more than ${MAX_ANSWER} bytes`));
        if (!chunk.includes("\n")) {
          rest += chunk;
          return;
        }
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          const message = parseJson(line);
          if (message === undefined) return end(new MemberError("an answer that is not JSON"));
          if (!closed) listener.onMessage(message);
        }
      });
      response.on("error", (error) => end(new MemberError(error.message)));
      response.on("end", () => end(new MemberError(`the stream ended (HTTP ${response.statusCode}) ${rest.slice(0, 200)}`)));
    });
    request.end(JSON.stringify(body));
    return { close };
  }

  close(): void {
    for (const request of this.streams) request.destroy();
    this.agent.destroy();
  }

  /** Calls that need a token get one, and a new one when it is refused: it has expired, or users or rights have changed since (JWT). */
  private async authorized<T>(action: () => Promise<T>): Promise<T> {
    for (let again = false; ; again = true) {
      if (this.options.user !== undefined && this.token === undefined) await this.authenticate();
      try {
        return await action();
      } catch (error) {
        if (!(error instanceof EtcdError)) throw error;
        const { code, message } = error;
        const isOld = code === UNAUTHENTICATED || (code === INVALID_ARGUMENT && message.includes("auth store is old"));
        if (isOld && this.options.user !== undefined && !again) this.token = undefined;
        else if (code === UNAUTHENTICATED || (code === INVALID_ARGUMENT && message.includes("user name is empty")))
          throw storeError(
            "permission",
            `the store at ${this.name} wants a user (${message})`,
            "add --store-user and --store-password-file",
            error,
          );
        else if (code === PERMISSION_DENIED)
          throw storeError(
            "permission",
            `the store at ${this.name} does not let this user (${message})`,
            "grant its role read and write of the keys below /tsproxy/CLUSTER/",
            error,
          );
        else throw error;
      }
    }
  }

  private async authenticate(): Promise<void> {
    const { name, password } = this.options.user!;
    try {
      const answer = await this.anyMember((endpoint, ms) => this.post(endpoint, "/v3/auth/authenticate", { name, password }, ms));
      this.token = (answer as { token?: string }).token ?? "";
    } catch (error) {
      if (!(error instanceof EtcdError)) throw error;
      if (error.code === FAILED_PRECONDITION)
        this.token = ""; // authentication is not enabled there: anybody may
      else
        throw storeError(
          "permission",
          `the store at ${this.name} refuses user '${name}' (${error.message})`,
          "is the password right?",
          error,
        );
    }
  }

  /** From the member that answered last; each has a turn. A broken connection of before is no fault of its member, so one has two. */
  private async anyMember<T>(ask: (endpoint: EtcdEndpoint, timeoutMs: number) => Promise<T>): Promise<T> {
    const deadline = performance.now() + DEADLINE_MS;
    const problems = new Map<string, string>();
    for (let i = 0; i <= this.options.endpoints.length; i++) {
      const left = deadline - performance.now();
      if (left <= 0) break;
      const member = this.current;
      const endpoint = this.options.endpoints[member]!;
      try {
        return await ask(endpoint, Math.min(ATTEMPT_MS, left));
      } catch (error) {
        const elsewhere = error instanceof EtcdError && (error.code === UNAVAILABLE || error.code === DEADLINE_EXCEEDED);
        if (!elsewhere && !(error instanceof MemberError)) throw error;
        problems.set(formatEndpoint(endpoint), (error as Error).message);
        if (this.current === member) this.next();
      }
    }
    const each = [...problems].map(([endpoint, problem]) => `${endpoint}: ${problem}`).join("; ");
    throw storeError(
      "unavailable",
      `store unreachable (${each})`,
      `is etcd running, and is this its client address${this.options.tls === undefined ? "" : ", which takes TLS"}?`,
    );
  }

  private next(): void {
    this.current = (this.current + 1) % this.options.endpoints.length;
  }

  private post(endpoint: EtcdEndpoint, path: string, body: unknown, timeoutMs: number): Promise<unknown> {
    return this.request(endpoint, "POST", path, body, timeoutMs);
  }

  private request(endpoint: EtcdEndpoint, method: string, path: string, body: unknown, timeoutMs: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const began = performance.now();
      const request = this.open(endpoint, method, path, { agent: this.agent });
      const timer = setTimeout(() => request.destroy(new Error(`no answer within ${Math.round(timeoutMs)} ms`)), timeoutMs);
      const fail = (error: Error): void => {
        clearTimeout(timer);
        reject(new MemberError(problemOf(error, endpoint)));
      };
      request.on("error", fail);
      request.on("response", (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => {
          text += chunk;
          if (performance.now() - began < LONGEST_MS) timer.refresh();
          if (text.length <= MAX_ANSWER) return;
          clearTimeout(timer);
          reject(new AnswerTooLong(`an answer of more than ${MAX_ANSWER} bytes`));
          request.destroy();
        });
        response.on("error", fail);
        response.on("end", () => {
          clearTimeout(timer);
          try {
            resolve(answerOf(response.statusCode ?? 0, text));
          } catch (error) {
            reject(error);
          }
        });
      });
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  private open({ host, port }: EtcdEndpoint, method: string, path: string, { agent }: { agent: http.Agent | false }): http.ClientRequest {
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

/** In words. Node.js names an address, but not the names of a certificate that has none. */
function problemOf(error: Error & { code?: string; cert?: PeerCertificate }, { host }: EtcdEndpoint): string {
  const { cert, code = "", message } = error;
  if (code !== "ERR_TLS_CERT_ALTNAME_INVALID") return message === "" ? code : message;
  const names =
    cert?.subjectaltname?.replaceAll("IP Address:", "IP:") ?? `CN=${String(cert?.subject?.CN ?? "")} alone, which does not count`;
  return `its certificate is not for '${host}', but for ${names}: name it in --store as in the certificate, or issue one for '${host}'`;
}

/** Throws EtcdError; MemberError for what is no etcd, or one that does not know the call. */
function answerOf(status: number, text: string): unknown {
  const value = parseJson(text);
  if (status === 200 && value !== undefined) return value;
  const { message, error, code } = (value ?? {}) as { message?: unknown; error?: unknown; code?: unknown };
  const words = [message, error].find((each) => typeof each === "string");
  if (typeof code === "number" && code !== UNIMPLEMENTED && words !== undefined) throw new EtcdError(code, words);
  throw new MemberError(`no etcd of version 3.4 or later: it answers ${status} ${text.slice(0, 60).trim()}`);
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function formatEndpoint({ host, port }: EtcdEndpoint): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
