/**
 * For `node --import`: makes the kernel look older to tsproxy, as TSPROXY_TEST_KERNEL says. `5.10`: no program may call bpf_ktime_get_coarse_ns
 * (Linux 5.11). `6.5`: there are no TCX links (Linux 6.6). `no offload6`: the verifier refuses the program that carries flows of IPv6. `refusing`: it
 * refuses all that carry, with the errno of TSPROXY_TEST_ERRNO, `no past bridge` all that go past bridges.
 * `no veth`: it has no devices of that kind.
 * Links and programs that carry, which are made in a thread of their own, wait as long as the file TSPROXY_TEST_HOLD exists.
 */
import { existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { changeAddon } from "./addon.mjs";

const PROG_LOAD = 5,
  LINK_CREATE = 28,
  EINVAL = 22,
  CALL = 0x85,
  KTIME_GET_COARSE_NS = 160,
  REDIRECT_PEER = 155,
  NAME = 48, // of a program, in its attr
  NAME_SIZE = 16;
const nameOf = (attr) => attr.toString("latin1", NAME, NAME + NAME_SIZE).replace(/\0.*$/s, "");
const tooNew = {
  "5.10": (cmd, pointers) => cmd === PROG_LOAD && calls(pointers[1], KTIME_GET_COARSE_NS),
  6.5: (cmd) => cmd === LINK_CREATE,
  "no offload6": (cmd, _, attr) => cmd === PROG_LOAD && nameOf(attr) === "tsproxy_off6",
  refusing: (cmd, _, attr) => cmd === PROG_LOAD && /^tsproxy_off/.test(nameOf(attr)),
  "no past bridge": (cmd, pointers) => cmd === PROG_LOAD && calls(pointers[1], REDIRECT_PEER),
  "no veth": () => false,
  new: () => false,
}[process.env.TSPROXY_TEST_KERNEL];

const HOLD = process.env.TSPROXY_TEST_HOLD ?? "";
const ERRNO = Number(process.env.TSPROXY_TEST_ERRNO ?? EINVAL);

const answer = (call) => (cmd, attr, pointers) => (tooNew(cmd, pointers, attr) ? -ERRNO : call(cmd, attr, pointers));

const NEWLINK = 16,
  TYPE = 4; // of a netlink message, in its header
/** Asks for a kind that no kernel has in place of veth pairs. */
const withoutVeth =
  (call) =>
  (fd, message, ...rest) => {
    const bytes = Buffer.from(message.buffer, message.byteOffset, message.length);
    const kind = bytes.indexOf("veth\0");
    if (bytes.readUInt16LE(TYPE) === NEWLINK && kind !== -1) bytes.write("none", kind);
    return call(fd, message, ...rest);
  };

changeAddon((name, call) => {
  if (name === "send") return process.env.TSPROXY_TEST_KERNEL === "no veth" ? withoutVeth(call) : call;
  if (name === "bpf") return answer(call);
  if (name !== "bpfApart") return call;
  return async (...args) => {
    while (isLate(...args) && existsSync(HOLD)) await sleep(5);
    return answer(call)(...args);
  };
});

/** Whether it is what nobody waits for who starts. */
function isLate(cmd, attr) {
  return cmd === LINK_CREATE || (cmd === PROG_LOAD && /^tsproxy_(off|steer6|from_ep)/.test(nameOf(attr)));
}

/** Whether a program, 8 bytes an instruction, calls the helper. */
function calls(code, helper) {
  const view = new DataView(code.buffer, code.byteOffset, code.byteLength);
  for (let at = 0; at < code.length; at += 8) if (code[at] === CALL && view.getInt32(at + 4, true) === helper) return true;
  return false;
}
