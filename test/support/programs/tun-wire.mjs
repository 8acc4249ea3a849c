/** tun-wire.mjs NETNS_A NETNS_B NAME (paths, and a device name): a layer-3 wire, a TUN device in each namespace, joined here. */
import fs from "node:fs";
import { native } from "../../../dist/sys/native.js";

const IFF_TUN = 0x1,
  IFF_NO_PI = 0x1000;
const [nsA, nsB, name] = process.argv.slice(2);
const [a, b] = [nsA, nsB].map((ns) => native.openTap(name, IFF_TUN | IFF_NO_PI, fs.openSync(ns, "r"))[0]);
const buffer = Buffer.alloc(70_000);

function pump(from, to) {
  try {
    for (;;) fs.writeSync(to, buffer, 0, fs.readSync(from, buffer));
  } catch (error) {
    if (error.code !== "EAGAIN" && error.code !== "EIO") throw error; // nothing to read; the other end is down
  }
}
const timer = setInterval(() => {
  pump(a, b);
  pump(b, a);
}, 1);
process.stdin.on("end", () => clearInterval(timer)).resume();
console.log(JSON.stringify({ event: "ready" }));
