/** Descriptors of frames (`device/packet-io.ts`) by field. */
import { DESCRIPTOR } from "../device/packet-io.js";
import { field } from "../wire/field.js";

/** The fields of descriptors; an index is a multiple of DESCRIPTOR. */
export function fieldsOf(descriptors: Int32Array): [Int32Array, Int32Array, Int32Array, Int32Array] {
  const nth = (k: number): Int32Array => field(descriptors, k, DESCRIPTOR);
  return [nth(0), nth(1), nth(2), nth(3)];
}
