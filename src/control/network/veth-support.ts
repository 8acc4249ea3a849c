/** Whether the kernel has veth pairs: a small one may be built without, or its module may be missing. */
import { log } from "../../log.js";
import type { RouteSocket } from "../../sys/rtnetlink.js";

/** What one does about it. */
export const NO_VETH_HINT = "'modprobe veth', or use a kernel with CONFIG_VETH";

export class VethSupport {
  private isThere = false;
  private wasSaid = false;

  constructor(private readonly socket: Pick<RouteSocket, "hasVeth">) {}

  /** Asked again until it has: a module may come. That it has not is said once. */
  get has(): boolean {
    if (this.isThere) return true;
    this.isThere = this.socket.hasVeth() !== false;
    if (!this.isThere && !this.wasSaid) {
      this.wasSaid = true;
      log.warn(`the kernel has no veth pairs: endpoints hang on TAPs, and it carries nothing of theirs; ${NO_VETH_HINT}`);
    }
    return this.isThere;
  }
}
