/** The steering's map `flows` as `emit` fills it (`steer/emit-program.ts`), for engines on memory; test/integration/offload-program.test.ts holds both together. */
import { FLAG_OFFLOAD } from "../../src/wire/flow-entry.js";
import { ETH, hex, VNET } from "./packets.js";

/** Enters what a frame that the engine sent to the uplink asks for. Keys and values in hex; index 7 is the uplink's. */
export function recordAsEmit(map: Map<string, string>, frame: Uint8Array): void {
  const ethernet = hex(frame.subarray(VNET, VNET + ETH));
  if ((Number.parseInt(ethernet.slice(22, 24), 16) & FLAG_OFFLOAD) === 0) return;
  const [sentTo, sentToPort] = [ethernet.slice(4, 12), ethernet.slice(16, 20)];
  const ip = hex(frame.subarray(VNET + ETH));
  const [protocol, client, target] = [`${ip.slice(18, 20)}000000`, ip.slice(24, 32), ip.slice(32, 40)];
  const [clientPort, targetPort] = [ip.slice(40, 44), ip.slice(44, 48)];
  const fromClient = sentTo + client + sentToPort + clientPort + protocol;
  if (map.has(fromClient)) return;
  const counters = "0".repeat(40);
  map.set(fromClient, `07000000${target}${targetPort}0200${counters}`);
  map.set(client + target + clientPort + targetPort + protocol, `07000000${sentTo}${sentToPort}0100${counters}`);
}
