/**
 * A server that is made when its first client comes. Until then the addon holds its socket, so that nothing of `node:net` is loaded.
 *
 * What goes wrong then has a client that waits. Its connection ends with the socket, a new socket takes the place of that, and the next client has it
 * tried again.
 */
import { closeSync, fstatSync, openSync } from "node:fs";
import type { Server } from "node:net";
import { TsproxyError } from "../errors.js";
import { log } from "../log.js";
import { bind, failure, type ListenOptions, watchErrors } from "./unix-socket.js";

/** Sockets as the kernel has them, without `node:net`. */
export interface RawSockets {
  /** A descriptor that listens at `path`. From then on connections for which there is no descriptor are ended. Throws an ErrnoException. */
  listen(path: string): number;
  /** Calls back, in Node's event loop, as long as somebody waits to be accepted; answers how to end that. */
  watch(fd: number, callback: () => void): () => void;
}

/** As `listen`, for a server that is made when the first client comes. Answers how to end it, which may be called again. */
export async function listenFirst(makeServer: () => Server, raw: RawSockets, options: ListenOptions): Promise<() => Promise<void>> {
  const first = new FirstClient(makeServer, raw, options);
  await first.wait();
  let ended: Promise<void> | undefined;
  return () => {
    ended ??= first.end();
    return ended;
  };
}

class FirstClient {
  /** The socket; -1: there is none, or it is the server's. */
  private fd = -1;
  /** Of the socket, which no other descriptor has. */
  private inode = 0;
  private unwatch = (): void => {};
  private remove = (): void => {};
  private server: Server | undefined;
  private isOver = false;

  constructor(
    private readonly makeServer: () => Server,
    private readonly raw: RawSockets,
    private readonly options: ListenOptions,
  ) {}

  /** Throws what `listen` throws, with nothing left. */
  async wait(): Promise<void> {
    const { options, raw } = this;
    try {
      this.remove = await bind(options, (path) => {
        this.fd = raw.listen(path);
        this.inode = fstatSync(this.fd).ino;
      });
      this.unwatch = raw.watch(this.fd, () => this.begin());
    } catch (cause) {
      this.discard();
      throw cause instanceof TsproxyError && cause.code !== "TSP_ERR_SYSCALL"
        ? cause
        : failure(options, `cannot serve ${options.path}`, cause);
    }
    if (this.isOver) this.discard();
  }

  async end(): Promise<void> {
    const { server } = this;
    this.isOver = true;
    if (server === undefined) return this.discard();
    this.remove();
    await new Promise((resolve) => void server.close(resolve));
  }

  private begin(): void {
    this.endWatch();
    const fail = (error: Error): void => this.fail(error);
    try {
      const server = this.makeServer().once("error", fail);
      this.server = server.listen({ fd: this.fd }, () => {
        this.fd = -1;
        watchErrors(server.off("error", fail), this.options);
        sayIfFull(this.options);
      });
    } catch (error) {
      this.fail(error as Error);
    }
  }

  /** Who waits sees his connection end. */
  private fail({ message }: Error): void {
    const { path } = this.options;
    log.warn(`a client of ${path} was turned away: ${message}`);
    this.server = undefined;
    this.discard();
    if (!this.isOver) this.wait().catch((error: Error) => log.warn(`${path} is not served any more: ${error.message}`));
  }

  private discard(): void {
    this.remove();
    this.remove = () => {};
    this.endWatch();
    if (this.fd !== -1 && inodeOf(this.fd) === this.inode) closeSync(this.fd); // Node has closed it if it got as far as to listen
    this.fd = -1;
  }

  private endWatch(): void {
    this.unwatch();
    this.unwatch = () => {};
  }
}

function inodeOf(fd: number): number | undefined {
  try {
    return fstatSync(fd).ino;
  } catch {
    return undefined; // it is not open
  }
}

/** Node says nothing of clients for whom there is no descriptor. */
function sayIfFull({ path }: ListenOptions): void {
  try {
    closeSync(openSync("/dev/null", "r"));
  } catch (error) {
    log.warn(`clients of ${path} are turned away (${(error as NodeJS.ErrnoException).code}): raise 'ulimit -n'`);
  }
}
