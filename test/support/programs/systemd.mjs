/**
 * systemd.mjs FOLDER PROGRAM ARGUMENT…: keeps a service as systemd does which has `FileDescriptorStoreMax=`, as sd_notify(3) and sd_listen_fds(3) say. Lines of
 * standard input: `restart`, `stop` (which ends this program, too). The service's output is its own; `[PID]` is printed when it has been started. In FOLDER are
 * its notify socket and a `systemctl`, which knows the job.
 */
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import readline from "node:readline";
import { native } from "../../../dist/sys/native.js";

const SOCK_DGRAM = 2;
const [folder, ...argv] = process.argv.slice(2);
const UNIT = "tsproxy.service";
const job = path.join(folder, "job");
fs.writeFileSync(job, "");
fs.writeFileSync(path.join(folder, "systemctl"), `#!/bin/sh\nexec cat ${job}\n`, { mode: 0o755 });
const socket = path.join(folder, "notify");
const notify = native.unixOpen(socket, SOCK_DGRAM, 1);
native.receiveTimeout(notify, 5);

/** Descriptors with their names, in order. */
let kept = [];

function listen() {
  const bytes = new Uint8Array(4096);
  const fds = new Int32Array(253);
  for (;;) {
    const [length, count] = native.recvFds(notify, bytes, fds);
    if (length < 0) break;
    const said = Object.fromEntries(
      Buffer.from(bytes.subarray(0, length))
        .toString()
        .split("\n")
        .map((line) => line.split(/=(.*)/s)),
    );
    const came = [...fds.subarray(0, count)];
    if (said.FDSTORE === "1") kept.push(...came.map((fd) => ({ name: said.FDNAME, fd })));
    else for (const fd of came) fs.closeSync(fd); // BARRIER=1
    if (said.FDSTOREREMOVE === "1") {
      for (const { name, fd } of kept) if (name === said.FDNAME) fs.closeSync(fd);
      kept = kept.filter(({ name }) => name !== said.FDNAME);
    }
  }
  setTimeout(listen, 1);
}

let service;
function start() {
  service = spawn("/bin/sh", ["-c", 'export LISTEN_PID=$$; exec "$@"', "sh", ...argv], {
    stdio: ["ignore", "inherit", "inherit", ...kept.map(({ fd }) => fd)],
    env: {
      ...process.env,
      PATH: `${folder}:${process.env.PATH}`,
      NOTIFY_SOCKET: socket,
      FDSTORE: "65536",
      TSPROXY_UNIT: UNIT,
      LISTEN_FDS: String(kept.length),
      LISTEN_FDNAMES: kept.map(({ name }) => name).join(":"),
    },
  });
  console.log(`[${service.pid}]`);
}

listen();
start();
process.once("SIGTERM", () => {
  service.once("exit", () => process.exit(1));
  service.kill("SIGTERM");
});
readline.createInterface({ input: process.stdin }).on("line", (type) => {
  fs.writeFileSync(job, `  1234 ${UNIT} ${type} running\n`);
  service.once("exit", (code) => {
    if (code !== 0) process.exit(1);
    setTimeout(() => (type === "restart" ? start() : process.exit(0)), 20); // what it has said last counts, too
    fs.writeFileSync(job, "");
  });
  service.kill("SIGTERM");
});
