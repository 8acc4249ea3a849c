/** Captures of an instance's packets. Loaded for the first one: most runs never have any. */
import type { CaptureQuery } from "../../api/capture-types.js";
import type { CaptureFilterOptions } from "../../dataplane/capture-filter.js";
import { TsproxyError } from "../../errors.js";
import type { Stations } from "../../steer/stations.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";
import type { NetworkRegistry } from "../network/registry.js";
import type { PortNumbers } from "../port-numbers.js";
import type { Workers } from "../workers.js";
import { jsonEncoder, type NameDevice, pcapngEncoder } from "./encoders.js";
import { parseCapture } from "./query.js";
import { CaptureStream, type RunningCapture } from "./stream.js";

/** At a time: each has memory, and has packets looked at once more. */
const MAX_CAPTURES = 8;

/** Where packets are captured. */
export interface CaptureSite {
  socket: Pick<RouteSocket, "link">;
  workers: Pick<Workers, "capture" | "capturing">;
  numbers: Pick<PortNumbers, "info">;
  networks: Pick<NetworkRegistry, "numberOf" | "onGone" | "spansNodes">;
  stations: Pick<Stations, "withhold">;
}

export interface CaptureContext {
  /** What files say that they are written by. */
  application: string;
  /** Subnet of the own network with that name or id; undefined: there is none, or networks have neither. */
  subnetOf?: ((word: string) => string | undefined) | undefined;
}

/**
 * Begins one, and resolves when all is captured from then on. It ends as the query says, with the network that it is of, or when the stream is destroyed.
 * `site`: undefined when there is no dataplane. Throws TSP_ERR_OPTION for a wrong query, TSP_ERR_CAPTURE: not-found for a network, unavailable without a
 * dataplane, conflict when there are too many.
 */
export async function startCapture(
  site: CaptureSite | undefined,
  query: CaptureQuery,
  { application, subnetOf }: CaptureContext,
): Promise<CaptureStream> {
  const { filter, snap, count, seconds, format } = parseCapture(query, (word) => site?.networks.numberOf(subnetOf?.(word) ?? word));
  if (site === undefined)
    throw new TsproxyError(
      "TSP_ERR_CAPTURE",
      "unavailable",
      "this instance relays by sockets, and sees no packets",
      "'tcpdump' sees all of them on the host's own devices",
    );
  const { workers } = site;
  if (workers.capturing >= MAX_CAPTURES)
    throw new TsproxyError("TSP_ERR_CAPTURE", "conflict", `${MAX_CAPTURES} captures run already`, "end one of them");
  const nameOf = deviceNames(site);
  const encoder = format === "json" ? jsonEncoder(nameOf) : pcapngEncoder(nameOf, application, snap);
  const stream = new CaptureStream((ready) => begin(site, filter, snap, ready), encoder, { count, seconds });
  if (filter.network !== -1)
    stream.once(
      "close",
      site.networks.onGone(filter.network, () => stream.finish()),
    );
  await stream.begun;
  return stream;
}

/** In the workers, and in the steering's programs that carry by stations: which networks these are of, no filter says but that of a network. */
function begin(
  { networks, stations, workers }: CaptureSite,
  filter: CaptureFilterOptions,
  snap: number,
  ready: () => void,
): RunningCapture {
  const { rings, begun, end } = workers.capture(filter, snap, ready);
  const giveBack = filter.network === -1 || networks.spansNodes(filter.network) ? stations.withhold() : undefined;
  return {
    rings,
    begun,
    end: () => {
      giveBack?.();
      end();
    },
  };
}

/** Devices of the host are looked up once a capture. */
function deviceNames({ numbers, socket }: CaptureSite): NameDevice {
  const known = new Map<number, string>();
  return ({ port, device }) => {
    const { name = `port ${port}`, kind = "gone", address } = numbers.info(port) ?? {};
    // An endpoint whose namespace has no name, as Docker's: its device may be called as one of the host's.
    const own = kind === "endpoint" && address !== undefined && !name.includes("/") ? address.split(",")[0]! : name;
    if (device === 0) return { name: own, kind: address === undefined ? kind : `${kind} ${address}` };
    const found = known.get(device) ?? socket.link(device)?.name ?? `device ${device}`;
    known.set(device, found);
    return { name: found, kind: "device of the host" };
  };
}
