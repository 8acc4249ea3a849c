/** Unix sockets by the addon: `node:http` and what it needs take 4 ms to load and to listen, of which most runs of the main job have no use. */
import type { RawSockets } from "../api/listen-first.js";
import { errnoName, native } from "../sys/native.js";

const SOCK_STREAM = 1;
const LISTEN = 1;

export const RAW_SOCKETS: RawSockets = {
  listen: (path) => {
    native.spareDescriptor(); // as `node:net` has it
    const fd = native.unixOpen(path, SOCK_STREAM, LISTEN);
    if (fd < 0) throw Object.assign(new Error(errnoName(fd)), { code: errnoName(fd) });
    return fd;
  },
  watch: (fd, callback) => {
    const handle = native.watch(fd, callback);
    return () => native.unwatch(handle);
  },
};
