/** The steering's maps `flows` and `flows6` as `emit` fills it (`steer/emit-program.ts`), for engines on memory; test/integration/offload-program.test.ts holds both together. */
import { ORDER_MOST } from "../../src/wire/order.js";
import { ETH, hex, VNET } from "./packets.js";

const FLAG_CLIENT = 2,
  FLAG_OFFLOAD = 4;
const COUNTERS = "0".repeat(16),
  COUNTERS_AT = 24,
  WAITS = hex(new Uint8Array(Int32Array.of(ORDER_MOST).buffer)),
  PAD = "0".repeat(8),
  NOTHING = "0".repeat(16),
  DESTINATION = "0".repeat(16),
  ADDRESSES = "0".repeat(64);

/** An entry that is there keeps what it has counted. */
function enter(map: Map<string, string>, key: string, value: string): void {
  const counters = map.get(key)?.slice(COUNTERS_AT, COUNTERS_AT + COUNTERS.length) ?? COUNTERS;
  map.set(key, value.slice(0, COUNTERS_AT) + counters + value.slice(COUNTERS_AT + COUNTERS.length));
}

/** Enters the client that a frame to the uplink asks for. Keys and values in hex; index 7 is the uplink's. `ordered`: the order of datagrams is kept. */
export function enterAsEmit(map: Map<string, string>, frame: Uint8Array, ordered: boolean): void {
  const ethernet = hex(frame.subarray(VNET, VNET + ETH));
  const flags = Number.parseInt(ethernet.slice(22, 24), 16);
  if ((flags & FLAG_CLIENT) === 0) return;
  const ip = hex(frame.subarray(VNET + ETH));
  const protocolByte = ip[0] === "6" ? ip.slice(12, 14) : ip.slice(18, 20);
  const order = ordered && protocolByte === "11" ? WAITS : PAD;
  if (ip[0] === "6") {
    // Of an IPv6 packet a client alone is asked for.
    enter(
      map,
      `${ip.slice(16, 80)}${ip.slice(80, 88)}${protocolByte}000000`,
      `07000000${NOTHING}${COUNTERS}${order}${DESTINATION}${ethernet.slice(12, 20)}${PAD}${ADDRESSES}`,
    );
    return;
  }
  const l4 = ip.slice(2 * 4 * Number.parseInt(ip[1]!, 16));
  const [protocol, host, client] = [`${protocolByte}000000`, ip.slice(24, 32), ip.slice(32, 40)];
  const [hostPort, clientPort] = [l4.slice(0, 4), l4.slice(4, 8)];
  const [target, ingress] = [ethernet.slice(4, 12), ethernet.slice(12, 20)];
  const targetPort = ethernet.slice(2, 4) + ethernet.slice(20, 22);
  const offloaded = (flags & FLAG_OFFLOAD) !== 0;
  const toTarget = offloaded ? `${target}${targetPort}0200` : NOTHING;
  enter(map, host + client + hostPort + clientPort + protocol, `07000000${toTarget}${COUNTERS}${order}${DESTINATION}${ingress}${PAD}`);
  if (offloaded)
    enter(
      map,
      client + target + clientPort + targetPort + protocol,
      `07000000${host}${hostPort}0100${COUNTERS}${order}${DESTINATION}${NOTHING}`,
    );
}
