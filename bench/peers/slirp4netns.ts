/** slirp4netns: a TAP and a TCP/IP stack of its own, at its largest MTU; ports through its API socket. */

import { once } from "node:events";
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { eventually } from "../../test/support/proc.js";
import { versionOf } from "../machine.js";
import { PUBLISHED } from "../topology.js";
import { needs, type Peer } from "./peer.js";

/** The guest's address unless told otherwise (slirp4netns(1)). */
const GUEST = "10.0.2.100";

export const slirp4netns: Peer = {
  name: "slirp4netns",
  title: "slirp4netns",
  mover: "slirp4netns",
  scenarios: ["publish", "masquerade"],
  containers: "none",
  version: () => versionOf(["slirp4netns", "--version"]),
  missing: needs("slirp4netns"),
  start: async (session) => {
    const socket = path.join(session.lab.dir, "slirp.sock");
    const program = ["slirp4netns", "--configure", "--mtu=65520", "--disable-dns", `--api-socket=${socket}`, "--netns-type=path"];
    const proc = session.start("host", [...program, `/run/netns/${session.world.c1}`, "tap0"]);
    await eventually("slirp4netns listens", () => fs.existsSync(socket));
    for (const { proto, hostPort, port } of PUBLISHED) {
      const request = {
        execute: "add_hostfwd",
        arguments: { proto, host_addr: "0.0.0.0", host_port: hostPort, guest_addr: GUEST, guest_port: port },
      };
      await ask(socket, JSON.stringify(request));
    }
    return {
      movers: [proc.pid],
      stop: async () => {
        await proc.stop();
      },
    };
  },
};

async function ask(socket: string, request: string): Promise<void> {
  const client = net.connect(socket);
  let answer = "";
  client.setEncoding("utf8").on("data", (text: string) => {
    answer += text;
  });
  client.end(request);
  await once(client, "close");
  if (answer.includes("error")) throw new Error(`slirp4netns refuses ${request}: ${answer}`);
}
