/** Options of whatever runs a dataplane: the main job and the daemon. They are checked by `standalone/config.ts`. */
import { type CliCommand, collect } from "./command.js";

export function addDataplaneOptions(command: CliCommand): CliCommand {
  return command
    .option("--allow-from <cidr>", "Serve only these clients (repeatable)", collect)
    .option("--masquerade-ports <a-b>", "Source ports of what leaves a network (10240-32767)")
    .option("--conntrack-max <n>", "Flows tracked at once (250000)")
    .option("--timeout <state=sec>", "Keep a silent flow so long (repeatable; as RFCs say)", collect)
    .option("--workers <n>", "Worker threads, at most one per core (1)")
    .option("--offload [when]", "The kernel carries decided flows: auto, always, never (auto)")
    .option("--past-bridge <when>", "Deliver past kernel bridges where none can tell: auto, never (auto)")
    .option("--firewall <way>", "Honour the host's firewall, or bypass it (honour)")
    .option("--max-flows <who=n>", "Flows of one client, endpoint or port (repeatable)", collect)
    .option("--max-new-flows <who=n>", "New flows of one a second (repeatable)", collect);
}
