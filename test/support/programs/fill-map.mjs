/**
 * fill-map.mjs PID NAME DEVICE: fills the BPF map of that name of a process, `flows` or `flows6`, up to its last place with entries of no flow that lead to the device.
 * Says how many.
 */
import fs from "node:fs";
import { updateBatch } from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { RouteSocket } from "../../../dist/sys/rtnetlink.js";

/** enum bpf_cmd; struct bpf_map_info of linux/bpf.h. */
const MAP_GET_FD_BY_ID = 14,
  OBJ_GET_INFO_BY_FD = 15,
  INFO_SIZE = 64,
  NAME_AT = 24;
const [pid, name, device] = process.argv.slice(2);
const uplink = new RouteSocket().link(device).index;

function words(...values) {
  return Buffer.from(Uint32Array.from(values).buffer);
}

function idOf(fd) {
  try {
    return /^map_id:\s*(\d+)/m.exec(fs.readFileSync(`/proc/${pid}/fdinfo/${fd}`, "utf8"))?.[1];
  } catch {
    return undefined; // it was closed meanwhile
  }
}

const ids = new Set(fs.readdirSync(`/proc/${pid}/fd`).flatMap((fd) => idOf(fd) ?? []));
for (const id of ids) {
  const map = native.bpf(MAP_GET_FD_BY_ID, words(Number(id), 0, 0), []);
  const info = Buffer.alloc(INFO_SIZE);
  native.bpf(OBJ_GET_INFO_BY_FD, words(map, INFO_SIZE, 0, 0), [8, info]);
  if (info.toString("latin1", NAME_AT, NAME_AT + 16).replace(/\0.*/, "") !== name) continue;
  const [keySize, valueSize] = [info.readUInt32LE(8), info.readUInt32LE(12)];
  const value = new Uint8Array(valueSize);
  new DataView(value.buffer).setUint32(0, uplink, true);
  let count = 0;
  for (;;) {
    const key = new Uint8Array(keySize).fill(0xf0);
    new DataView(key.buffer).setUint32(keySize - 8, count, true);
    try {
      updateBatch(map, key, value, 1);
    } catch (error) {
      if (error.errno !== "E2BIG" && !/E2BIG/.test(error.message)) throw error;
      break;
    }
    count++;
  }
  console.log(count);
}
