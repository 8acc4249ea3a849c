/**
 * Makes the segments that a frame stands for (RFC 9293, RFC 768; what TSO and USO of a network card do), where the device that it leaves by does not:
 * one after the other where the frame lies, behind its headers, and each is sent before the next one is written over it. So no memory is needed.
 */
import { type Batch } from "../mem/batch.js";
/**
 * Frame `i`, which `parse` has seen, in segments; `send` is called with each in its place, as a frame without offload. It may change the frame's `at`,
 * `len` and what is before the Ethernet header. False, and nothing is sent, where it is no frame that can be segmented.
 */
export declare function sendInSegments(b: Batch, i: number, send: () => void): boolean;
