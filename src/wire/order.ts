/**
 * How the steering's program `steer` and the engine keep packets of a flow in order while they change from one way to another (`table/order.ts`).
 *
 * Value of the map `order`: u16 stamp of the last packet that `steer` has handed to the engine; u16 how many it has handed over since the entry
 * was made; u32 stamp of the last one that the engine has sent on.
 */
// biome-ignore format: a table
export const ORDER_VALUE_SIZE = 8, ORDER_HANDED_AT = 0, ORDER_COUNT_AT = 2, ORDER_PASSED_AT = 4;

/** Places of a worker in that map, a power of two. Place 0 is nobody's. */
export const ORDER_PLACES = 1 << 12;

/** How many places there are for so many workers. */
export function orderPlaces(workers: number): number {
  return 1 + workers * ORDER_PLACES;
}

/** The stamp of a frame to the engine: the raw word STAMP_MARK among its Ethernet addresses, and behind it u16; 0: none. No device has such an address. */
// biome-ignore format: a table
export const STAMP_MARK = 0x72643774, STAMP_MARK_AT = 2, STAMP_AT = 6, STAMP_SIZE = 6;
