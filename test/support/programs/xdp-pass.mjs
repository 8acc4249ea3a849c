/** xdp-pass.mjs DEVICE: attaches an XDP program that passes every packet, in the driver, and says "ready"; it is there until this ends. */
import fs from "node:fs";
import { Assembler } from "../../../dist/steer/assembler.js";
import { loadProgram } from "../../../dist/sys/bpf.js";
import { native } from "../../../dist/sys/native.js";
import { RouteSocket } from "../../../dist/sys/rtnetlink.js";

/** enum bpf_prog_type, enum bpf_attach_type, enum xdp_action, enum bpf_cmd; linux/if_link.h. */
const PROG_TYPE_XDP = 6,
  ATTACH_XDP = 37,
  XDP_PASS = 2,
  LINK_CREATE = 28,
  XDP_FLAGS_DRV_MODE = 4;
const program = loadProgram("test_xdp", new Assembler().mov("r0", XDP_PASS).exit().assemble(), PROG_TYPE_XDP);
const attr = Buffer.alloc(32);
const words = [program, new RouteSocket().link(process.argv[2]).index, ATTACH_XDP, XDP_FLAGS_DRV_MODE];
for (const [i, word] of words.entries()) attr.writeUInt32LE(word, 4 * i);
const link = native.bpf(LINK_CREATE, attr, []);
if (link < 0) throw new Error(`LINK_CREATE answers ${link}`);
console.log("ready");
fs.readFileSync(0);
