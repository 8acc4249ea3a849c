/** What to capture, from words as a user has typed them. */
import type { CaptureQuery } from "../../api/capture-types.js";
import type { CaptureFilterOptions } from "../../dataplane/capture-filter.js";
import { TsproxyError } from "../../errors.js";
import { PROTO_ICMP, PROTOCOLS } from "../../wire/ipv4.js";
import { parseClients, parseFlowFilter } from "../flow-filter.js";

export interface CaptureRequest {
  filter: CaptureFilterOptions;
  /** Bytes of a packet that are kept. */
  snap: number;
  /** Packets after which it ends; 0: never. */
  count: number;
  /** Seconds after which it ends; 0: never. */
  seconds: number;
  format: "pcapng" | "json";
}

/** The longest packet with room to spare, as in tcpdump. */
export const MAX_SNAP = 262_144;
/** Ethernet, VLAN, IPv6 and TCP headers without options. */
const MIN_SNAP = 64;
const MAX_COUNT = 2 ** 31,
  MAX_SECONDS = 86_400;

/** `networkNumber`: of the own network with that name; undefined: there is none. Throws TSP_ERR_OPTION, or TSP_ERR_CAPTURE (not-found). */
export function parseCapture(query: CaptureQuery, networkNumber: (word: string) => number | undefined): CaptureRequest {
  const { client, port } = parseFlowFilter(query);
  const proto = protoOf(query.proto);
  if (port !== undefined && proto === PROTO_ICMP) throw invalid("proto 'icmp' with a port: ICMP has none", "leave one of both out");
  const target = query.target === undefined ? null : parseClients(query.target);
  if (typeof target === "string") throw invalid(`target '${query.target}': not an address or a network`, target);
  const format = query.format ?? "pcapng";
  if (format !== "pcapng" && format !== "json") throw invalid(`format '${format}': there is none of that name`, "use pcapng or json");
  return {
    filter: {
      proto,
      client: client ?? null,
      target,
      port: port ?? 0,
      network: query.network === undefined ? -1 : networkOf(query.network, networkNumber),
      drops: query.drops !== undefined,
    },
    snap: integer("snapshot-length", query.snapshotLength, MIN_SNAP, MAX_SNAP) ?? MAX_SNAP,
    count: integer("count", query.count, 1, MAX_COUNT) ?? 0,
    seconds: integer("seconds", query.seconds, 1, MAX_SECONDS) ?? 0,
    format,
  };
}

const PROTOS = new Map<string, number>([...Object.entries(PROTOCOLS), ["icmp", PROTO_ICMP]]);

function protoOf(word: string | undefined): number {
  if (word === undefined) return 0;
  const number = PROTOS.get(word);
  if (number === undefined) throw invalid(`proto '${word}': not a protocol that can be asked for`, `use ${[...PROTOS.keys()].join(", ")}`);
  return number;
}

function networkOf(word: string, networkNumber: (word: string) => number | undefined): number {
  const number = networkNumber(word);
  if (number !== undefined) return number;
  throw new TsproxyError(
    "TSP_ERR_CAPTURE",
    "not-found",
    `network '${word}': there is none of that name`,
    "use a name, an id, a subnet or the host's device: 'tsproxy network ls'",
  );
}

function integer(what: string, text: string | undefined, min: number, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) throw invalid(`${what} '${text}': not a whole number in its range`, `use ${min} to ${max}`);
  return value;
}

function invalid(message: string, hint: string): TsproxyError {
  return new TsproxyError("TSP_ERR_OPTION", "invalid", message, hint);
}
