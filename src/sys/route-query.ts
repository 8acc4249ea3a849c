/**
 * Asks the kernel how it would route one packet: RTM_GETROUTE (rtnetlink(7)), in memory made once, since a worker asks for each new destination.
 * It answers as it would for the packet itself, rules and multipath included. Addresses and ports raw.
 *
 * For a packet that is sent on the kernel does not say which source its own would have. So it is asked three things: the way, as for a packet that
 * came in; the entry that this comes from, which may prefer a source; if it does not, the host's address next to the gateway.
 */
import fs from "node:fs";
import { isRefused, REFUSED_NO_ROUTE, REFUSED_PROHIBITED, REFUSED_SILENTLY, REFUSED_UNREACHABLE } from "../wire/route-answer.js";
import { native } from "./native.js";
import { attribute, message, NETLINK_ROUTE, NLMSG_ERROR, pack } from "./netlink.js";
import { AF_INET, RTA } from "./rtnetlink-entries.js";

const RTM_GETROUTE = 26,
  NLM_F_REQUEST = 1,
  RTM_F_FIB_MATCH = 0x2000,
  RTN_UNICAST = 1,
  PROTO_ICMP = 1,
  PROTO_SCTP = 132;
/** asm-generic/errno.h. EINVAL: a blackhole. */
const EINTR = 4,
  EACCES = 13,
  EINVAL = 22,
  EHOSTUNREACH = 113;
/** Of a message: nlmsghdr, then rtmsg, then attributes of 8 bytes; offsets. */
// biome-ignore format: a table
const TYPE_AT = 4, SEQUENCE_AT = 8, RTMSG_AT = 16, RTMSG_TYPE_AT = RTMSG_AT + 7, RTMSG_FLAGS_AT = RTMSG_AT + 8, ERRNO_AT = 16,
  ATTRIBUTES_AT = 28, ATTRIBUTE_SIZE = 8;

class Request {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  private readonly fields: readonly number[];

  /** `fields`: RTA_* of four bytes or less. */
  constructor(...fields: number[]) {
    this.fields = fields;
    const sourceLength = fields.includes(RTA.SRC) ? 32 : 0;
    const header = pack("111111114", AF_INET, 32, sourceLength, 0, 0, 0, 0, 0, 0);
    const sizeOf = (field: number): number => (field === RTA.IP_PROTO ? 1 : field === RTA.SPORT || field === RTA.DPORT ? 2 : 4);
    const attributes = fields.map((field) => attribute(field, new Uint8Array(sizeOf(field))));
    this.bytes = Uint8Array.from(message(RTM_GETROUTE, NLM_F_REQUEST, 0, header, ...attributes));
    this.view = new DataView(this.bytes.buffer);
  }

  /** The value's low bytes, as many as the field has. */
  set(field: number, value: number): this {
    const at = ATTRIBUTES_AT + this.fields.indexOf(field) * ATTRIBUTE_SIZE;
    if (field === RTA.IP_PROTO) this.view.setUint8(at + 4, value);
    else if (field === RTA.SPORT || field === RTA.DPORT) this.view.setUint16(at + 4, value, true);
    else this.view.setInt32(at + 4, value, true);
    return this;
  }

  flags(flags: number): this {
    this.view.setUint32(RTMSG_FLAGS_AT, flags, true);
    return this;
  }
}

export class RouteQuery {
  /** Interface index that the last answer led out of. */
  device = 0;
  private gateway = 0;
  private prefSrc = 0;
  private sequence = 0;
  private readonly fd = native.openNetlink(0, -1, NETLINK_ROUTE);
  private readonly answer = new Uint8Array(8192);
  private readonly view = new DataView(this.answer.buffer);
  private readonly toSendOn = new Request(RTA.DST, RTA.SRC, RTA.IIF, RTA.IP_PROTO);
  private readonly withPorts = new Request(RTA.DST, RTA.SRC, RTA.IIF, RTA.IP_PROTO, RTA.SPORT, RTA.DPORT);
  /** Of a protocol that the kernel takes no question about (rtm_getroute_parse_ip_proto): rules that name it do not count. */
  private readonly ofAny = new Request(RTA.DST, RTA.SRC, RTA.IIF);
  private readonly own = new Request(RTA.DST);
  private readonly ownByDevice = new Request(RTA.DST, RTA.OIF);

  /** The source of a packet from `src` (0: the host's own) to `dst` that comes in at device `ingress`, or a REFUSED_*. */
  ask(src: number, dst: number, proto: number, ports: number, ingress: number): number {
    if (src === 0) return this.look(this.own.set(RTA.DST, dst)) === 0 ? this.prefSrc : REFUSED_NO_ROUTE;
    const forward = this.forwardOf(proto, ports).set(RTA.DST, dst).set(RTA.SRC, src).set(RTA.IIF, ingress);
    const errno = this.look(forward.flags(0));
    if (errno !== 0) return refusal(errno);
    const { device, gateway } = this;
    let source = this.look(forward.flags(RTM_F_FIB_MATCH)) === 0 ? this.prefSrc : 0;
    const next = gateway === 0 ? dst : gateway;
    if (source === 0 && this.look(this.ownByDevice.set(RTA.DST, next).set(RTA.OIF, device)) === 0) source = this.prefSrc;
    this.device = device;
    return isRefused(source) ? REFUSED_NO_ROUTE : source;
  }

  private forwardOf(proto: number, ports: number): Request {
    if (proto === PROTO_SCTP) return this.ofAny;
    if (proto === PROTO_ICMP) return this.toSendOn.set(RTA.IP_PROTO, proto);
    return this.withPorts
      .set(RTA.IP_PROTO, proto)
      .set(RTA.SPORT, ports)
      .set(RTA.DPORT, ports >>> 16);
  }

  close(): void {
    fs.closeSync(this.fd);
  }

  /** 0 and the way in `device`, `gateway` and `prefSrc`; or an errno. */
  private look(request: Request): number {
    this.sequence = (this.sequence + 1) | 0;
    request.view.setInt32(SEQUENCE_AT, this.sequence, true);
    const sent = native.send(this.fd, request.bytes);
    if (sent < 0) return -sent;
    for (;;) {
      const length = native.recv(this.fd, this.answer, 0);
      if (length === -EINTR) continue;
      if (length < 0) return -length;
      if (this.view.getInt32(SEQUENCE_AT, true) === this.sequence) return this.parse(length);
    }
  }

  private parse(length: number): number {
    const { view } = this;
    this.device = 0;
    this.gateway = 0;
    this.prefSrc = 0;
    if (view.getUint16(TYPE_AT, true) === NLMSG_ERROR) return -view.getInt32(ERRNO_AT, true);
    if (view.getUint8(RTMSG_TYPE_AT) !== RTN_UNICAST) return EHOSTUNREACH;
    for (let at = ATTRIBUTES_AT; at + 4 <= length; ) {
      const size = view.getUint16(at, true);
      if (size < 4) break;
      const type = view.getUint16(at + 2, true);
      if (size === ATTRIBUTE_SIZE) {
        if (type === RTA.OIF) this.device = view.getInt32(at + 4, true);
        else if (type === RTA.GATEWAY) this.gateway = view.getInt32(at + 4, true);
        else if (type === RTA.PREFSRC) this.prefSrc = view.getInt32(at + 4, true);
      }
      at += (size + 3) & ~3;
    }
    return 0;
  }
}

function refusal(errno: number): number {
  if (errno === EACCES) return REFUSED_PROHIBITED;
  if (errno === EHOSTUNREACH) return REFUSED_UNREACHABLE;
  return errno === EINVAL ? REFUSED_SILENTLY : REFUSED_NO_ROUTE;
}
