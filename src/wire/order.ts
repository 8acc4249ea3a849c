/**
 * How the steering's programs and the engine keep packets of a flow in order while they change from one way to another (`table/order.ts`).
 *
 * Value of the map `order`, an array: u32 stamp of the last packet that a program has handed to the engine; u32 stamp of the last one that the engine
 * has sent on.
 */
// biome-ignore format: a table
export const ORDER_VALUE_SIZE = 8, ORDER_HANDED_AT = 0, ORDER_PASSED_AT = 4;

/** Places of a worker in that map for each way to it: the ring buffer, then the uplink. Each has 2^ORDER_BITS; what decides is the packet's ends. */
export const ORDER_BITS = 11;

/** Places of a worker: a power of two, and few enough that a stamp's u16 can say which one it is. */
export const WORKER_PLACES = 2 << ORDER_BITS;

/** Places of a worker for what comes by one of the engine's ports from an endpoint on a veth pair: each port has 2^INSIDE_BITS, so nobody else is in them. */
export const INSIDE_BITS = 4;
/** As many ports as the engine has (`table/ports.ts`). */
export const INSIDE_PORTS = 1 << 11;
const INSIDE_PLACES = INSIDE_PORTS << INSIDE_BITS;

/** How many places there are for so many workers: WORKER_PLACES of each, then those of endpoints of each. */
export function orderPlaces(workers: number): number {
  return workers * (WORKER_PLACES + INSIDE_PLACES);
}

/** The first of a port's places in a worker. */
export function insidePlace(workers: number, worker: number, port: number): number {
  return workers * WORKER_PLACES + worker * INSIDE_PLACES + (port << INSIDE_BITS);
}

/** Frames that may wait in the queue of a TAP that frames with stamps come by. */
export const ORDER_QUEUE = 4000;
/** So many are about to fill it, with those of others in it. */
export const ORDER_FULL = 3500;
/** Packets that a flow's entry has take the old way at most: who keeps a stream in another one's place does not hold that one up for ever. */
export const ORDER_MOST = 0xffff;
/** With so many left nobody is waited for who leaves no gap, but is slower than the engine: no more than ORDER_FEW are on their way. */
export const ORDER_GAPLESS = ORDER_MOST - 8192,
  ORDER_FEW = 64;
/** Set with that number: the old way of the flow's packets is the uplink, though they come by a device of their own, as the engine has had them while somebody looked. */
export const ORDER_BY_UPLINK_BIT = 31,
  ORDER_BY_UPLINK = 1 << ORDER_BY_UPLINK_BIT;
/**
 * Of a pair of stations the entry is for many flows, each of which asks for itself whether all of it has left. So the upper half word counts how many frames in a row are
 * to be carried before nobody asks any more.
 */
export const ORDER_MOST_MASK = 0xffff,
  ORDER_TRUSTED_ONE = 0x1_0000,
  ORDER_TRUSTED = 1024 * ORDER_TRUSTED_ONE;

/**
 * The stamp of a frame to the engine, instead of its Ethernet addresses: u16 STAMP_ENTERED if the map has the flow's entry already, u32 STAMP_MARK,
 * which no device has in its address, u32 stamp and u16 place, of which the part within WORKER_PLACES counts: a worker gets its own ones alone. Words
 * lie where words can be read.
 */
// biome-ignore format: a table
export const STAMP_SIZE = 12, STAMP_ENTERED_AT = 0, STAMP_MARK_AT = 2, STAMP_AT = 6, STAMP_PLACE_AT = 10,
  STAMP_MARK = 0x72643774, STAMP_ENTERED = 0x6f74;

/**
 * The stamp of a frame from an endpoint, instead of its source MAC, which is that of its port: u24 INSIDE_MARK, u8 place among those of the port, u16 low
 * half of the stamp. The mark is a group address, which no frame comes from. Who forges one disturbs his own order alone, and his MAC becomes the right one.
 */
// biome-ignore format: a table
export const INSIDE_STAMP_SIZE = 6, INSIDE_MARK_AT = 6, INSIDE_STAMP_AT = 10, INSIDE_MARK = 0x647473, INSIDE_PLACE_SHIFT = 24;

/**
 * The stamp of a frame from a LAN, whose addresses the engine needs: a service VLAN tag (IEEE 802.1Q §9.5), which nothing has that comes from there. Its 16 bits are the
 * place among those of the LAN's port, and the low bits of the stamp.
 */
export const TAG_STAMP_BITS = 13,
  TAG_STAMP_MASK = (1 << TAG_STAMP_BITS) - 1,
  TAG_PLACE_BITS = 16 - TAG_STAMP_BITS;

/**
 * At INSIDE_MARK_AT of any frame to the engine, four bytes: it is a copy, and the kernel carries the frame itself
 * (`steer/offload-program.ts`). It is the stamp of a place that no port has. An endpoint that forges one has its own frame not sent on; from outside
 * `steer` takes none. At COPY_ACKED_AT is FLOW_ACKED_AT of the entry of the flow's other direction (`wire/flow-entry.ts`).
 */
export const COPY_MARK = (0xff << INSIDE_PLACE_SHIFT) | INSIDE_MARK,
  COPY_SIZE = 6,
  COPY_ACKED_AT = 10;
