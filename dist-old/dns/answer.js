/**
 * What a question is answered with, as Docker's resolver does: known names at once, all else is somebody else's to know. Pure, but for the order of
 * several addresses. Wire format: RFC 1035, EDNS: RFC 6891.
 */
import { randomInt } from "node:crypto";
import { isIPv6 } from "node:net";
import packet, {} from "dns-packet";
import { formatIp } from "../wire/ip-address.js";
/** Seconds that an answer may be kept: Docker's. */
const TTL = 600;
/** RFC 1035 §4.2.1: of a datagram, unless the question says more. */
const MIN_SIZE = 512;
/** Of our own datagrams to ask with; RFC 9715 §3. */
export const MAX_SIZE = 1232;
const HEADER_SIZE = 12;
const QR = 0x8000;
const OPCODE = 0x7800;
export const RCODES = { noError: 0, formErr: 1, servFail: 2, notImp: 4, refused: 5 };
const MAX_MESSAGE = 65_535;
/** `overTcp`: answers may have 65,535 bytes. */
export function answer(bytes, scope, directory, overTcp) {
    if (bytes.length < HEADER_SIZE || (bytes.readUInt16BE(2) & QR) !== 0)
        return { kind: "ignore" };
    if ((bytes.readUInt16BE(2) & OPCODE) !== 0)
        return { kind: "answer", bytes: refusal(bytes, RCODES.notImp) };
    const query = parse(bytes, overTcp);
    if (query === undefined)
        return { kind: "answer", bytes: refusal(bytes, RCODES.formErr) };
    const { type, name, class: kind } = query.question;
    const records = kind === undefined || kind === "IN" ? lookUp(scope, directory, type, name) : undefined;
    if (records === undefined)
        return { kind: "forward", query };
    return { kind: "answer", bytes: encode(query, records) };
}
function parse(bytes, overTcp) {
    try {
        const decoded = packet.decode(bytes);
        const [question, second] = decoded.questions ?? [];
        if (question === undefined || second !== undefined)
            return undefined;
        const edns = decoded.additionals?.find((record) => record.type === "OPT");
        const asked = edns?.type === "OPT" ? edns.udpPayloadSize : MIN_SIZE;
        return { bytes, packet: decoded, question, room: overTcp ? MAX_MESSAGE : Math.max(asked, MIN_SIZE) };
    }
    catch {
        return undefined; // cut short, or lengths that lead nowhere
    }
}
/** Undefined: nobody's here. A name that is known has no records but its addresses, which is no reason to ask others for it. */
function lookUp(scope, directory, type, name) {
    if (type === "PTR") {
        const address = reversed(name);
        const target = address === undefined ? undefined : directory.pointer(scope, address);
        return target === undefined ? undefined : [{ type: "PTR", name, ttl: TTL, data: target }];
    }
    const addresses = directory.addresses(scope, name.toLowerCase());
    if (addresses === undefined)
        return undefined;
    const records = addresses.map((data) => ({ type: isIPv6(data) ? "AAAA" : "A", name, ttl: TTL, data }));
    return shuffled(records.filter((record) => type === record.type || type === "ANY"));
}
/** Cut short, and said so, if it has no room: who asks comes again by TCP. */
function encode({ packet: { id, flags = 0, additionals = [] }, question, room }, answers) {
    const hasEdns = additionals.some(({ type }) => type === "OPT");
    const edns = hasEdns ? [{ type: "OPT", name: ".", udpPayloadSize: MAX_SIZE, flags: 0, options: [] }] : [];
    const make = (records, extra) => packet.encode({
        type: "response",
        id: id ?? 0,
        flags: (flags & packet.RECURSION_DESIRED) | packet.RECURSION_AVAILABLE | extra,
        questions: [question],
        answers: records,
        additionals: edns,
    });
    const whole = make(answers, 0);
    if (whole.length <= room)
        return whole;
    const bare = make([], 0).length;
    const longest = answers.find(({ type }) => type === "AAAA") ?? answers[0]; // all have the same name
    const one = make([longest], 0).length - bare;
    return make(answers.slice(0, Math.max(0, Math.floor((room - bare) / one))), packet.TRUNCATED_RESPONSE);
}
/** Header and question of what was asked, with a code and nothing else. */
export function refusal(bytes, rcode) {
    const end = rcode === RCODES.formErr || rcode === RCODES.notImp ? HEADER_SIZE : questionEnd(bytes);
    const out = Buffer.from(bytes.subarray(0, end));
    const flags = bytes.readUInt16BE(2);
    out.writeUInt16BE(QR | (flags & (OPCODE | packet.RECURSION_DESIRED)) | packet.RECURSION_AVAILABLE | rcode, 2);
    out.writeUInt16BE(end === HEADER_SIZE ? 0 : 1, 4);
    out.fill(0, 6, HEADER_SIZE);
    return out;
}
/** Where the question ends; `bytes` was decoded before. A question's name is not compressed: there is nothing before it. */
function questionEnd(bytes) {
    let off = HEADER_SIZE;
    while (off < bytes.length && bytes[off] !== 0)
        off += bytes[off] + 1;
    return Math.min(off + 5, bytes.length);
}
/** The address of `2.0.18.172.in-addr.arpa`, or of 32 hexadecimal digits before `.ip6.arpa` (RFC 3596 §2.5). */
function reversed(name) {
    const labels = name.toLowerCase().split(".");
    const zone = labels.splice(-2).join(".");
    if (zone === "in-addr.arpa" && labels.length === 4)
        return labels.reverse().join(".");
    if (zone !== "ip6.arpa" || labels.length !== 32 || !labels.every((label) => /^[0-9a-f]$/.test(label)))
        return undefined;
    return formatIp({ family: 6, value: BigInt(`0x${labels.reverse().join("")}`) });
}
/** So that clients that take the first share the load. */
function shuffled(list) {
    for (let i = list.length - 1; i > 0; i--) {
        const j = randomInt(i + 1);
        [list[i], list[j]] = [list[j], list[i]];
    }
    return list;
}
//# sourceMappingURL=answer.js.map