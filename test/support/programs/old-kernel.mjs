/**
 * For `node --import`: makes the kernel look older to tsproxy, as TSPROXY_TEST_KERNEL says. `5.10`: no program may call bpf_ktime_get_coarse_ns
 * (Linux 5.11). `6.5`: there are no TCX links (Linux 6.6). `no offload6`: the verifier refuses the program that carries flows of IPv6.
 */
import { changeAddon } from "./addon.mjs";

const PROG_LOAD = 5,
  LINK_CREATE = 28,
  EINVAL = 22,
  CALL = 0x85,
  KTIME_GET_COARSE_NS = 160,
  NAME = 48; // of a program, in its attr
const tooNew = {
  "5.10": (cmd, pointers) => cmd === PROG_LOAD && calls(pointers[1], KTIME_GET_COARSE_NS),
  6.5: (cmd) => cmd === LINK_CREATE,
  "no offload6": (cmd, _, attr) => cmd === PROG_LOAD && attr.toString("latin1", NAME, NAME + 12) === "tsproxy_off6",
}[process.env.TSPROXY_TEST_KERNEL];

changeAddon((name, call) =>
  name === "bpf" ? (cmd, attr, pointers) => (tooNew(cmd, pointers, attr) ? -EINVAL : call(cmd, attr, pointers)) : call,
);

/** Whether a program, 8 bytes an instruction, calls the helper. */
function calls(code, helper) {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at < code.length; at += 8) if (code[at] === CALL && view.getInt32(at + 4, true) === helper) return true;
  return false;
}
