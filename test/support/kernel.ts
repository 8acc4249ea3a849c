/** A kernel that looks older to tsproxy than it is (`programs/old-kernel.mjs`). */
import { fileURLToPath } from "node:url";

export type KernelLook = "5.10" | "6.5" | "no offload6" | "refusing" | "no past bridge" | "no veth" | "new";

/** Environment of an instance that sees it. */
export function kernel(look: KernelLook, more: Record<string, string> = {}): { env: Record<string, string> } {
  const preload = fileURLToPath(new URL("./programs/old-kernel.mjs", import.meta.url));
  return { env: { NODE_OPTIONS: `--import ${preload}`, TSPROXY_TEST_KERNEL: look, ...more } };
}
