/**
 * The mark of a frame to the engine that is a copy: the kernel carries the frame itself. Instead of the first four bytes of its source MAC, raw. It is a group
 * address, which no frame comes from, and no stamp (`wire/order.ts`). Who forges one has his own frame not sent on.
 */
// biome-ignore format: a table
export const COPY_MARK_AT = 6, COPY_MARK = 0xff64_7473 | 0;
