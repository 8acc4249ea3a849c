/**
 * `queue`: picks the queue, that is the worker, for a frame that comes out of a bridge TAP (TUNSETSTEERINGEBPF, a socket filter that
 * answers a number): by the far end, which is what the packet is for. Of an ICMP error it is whom the quoted packet came from. Later
 * fragments follow the first one. What is no IP packet, or has no ports, goes to the first queue.
 */
import { V4, V6 } from "./family.js";
import { ETHERNET_SIZE, ICMP_ID, L4_SIZE, Program, SCTP, SKB_PROTOCOL, TCP, UDP } from "./program.js";
/** Tells keys of `fragments` from those of `steer`, whose values are interface indices. */
const FRAGMENT_OF_QUEUE = 0x100;
/** `ipv6`: the kernel has it. */
export function queueProgram(workers, maps, { ipv6 = false } = {}) {
    const p = new Program(maps);
    p.load("u32", "r0", "r6", SKB_PROTOCOL).jumpIf("r0", "!=", V4.ethertype, ipv6 ? "other" : "first");
    queueFamily(p, V4, workers);
    if (!ipv6)
        return p.assemble();
    p.label("other").section("IPv6").jumpIf("r0", "!=", V6.ethertype, "first");
    queueFamily(p, V6, workers);
    return p.assemble();
}
function queueFamily(p, f, workers) {
    const { ip, l4, src, dst, flow, rest } = f.stack;
    const ends = (name, later) => {
        p.loadBytes("r7", ip, f.ipSize, "first").layer4(f, { loaded: false, found: `${name}-parsed`, later, otherwise: "first" });
        p.jumpIf("r8", "==", f.icmp, name).jumpIf("r8", "==", TCP, `${name}-ports`);
        p.jumpIf("r8", "==", SCTP, `${name}-ports`).jumpIf("r8", "!=", UDP, "first").label(`${name}-ports`);
    };
    const echo = (end) => p.copy("u16", l4, l4 + ICMP_ID).spread(f, end, l4, workers);
    p.mov("r7", ETHERNET_SIZE);
    ends("outer", "later");
    p.spread(f, dst, l4 + 2, workers);
    p.label("picked")
        .mov("r7", "r0")
        .store("u32", "r10", rest, "r7")
        .store("u32", "r10", rest + 4, 0);
    p.rememberFragments(f, "remembered", FRAGMENT_OF_QUEUE).mov("r0", "r7").exit();
    p.label("outer").load("u8", "r0", "r10", l4);
    for (const type of f.icmpErrors)
        p.jumpIf("r0", "==", type, "error");
    echo(dst).jump("picked");
    p.label("error").alu("add", "r7", L4_SIZE);
    ends("inner", "first");
    p.spread(f, src, l4, workers).exit();
    p.label("inner");
    echo(src).exit();
    p.label("later").fragmentKey(f, FRAGMENT_OF_QUEUE).lookup(f.maps.fragments, flow).jumpIf("r0", "==", 0, "first");
    p.load("u32", "r0", "r0", 0).exit();
    p.label("first").answer(0);
}
//# sourceMappingURL=queue-program.js.map