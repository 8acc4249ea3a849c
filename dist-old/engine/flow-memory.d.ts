import { FlowFile, type FlowMemory } from "../table/flow-file.js";
import type { FormerFile, WorkerOptions } from "./messages.js";
/** Memory that is the file, which has room for all but the rows; undefined without one. */
export declare function flowMemory(options: WorkerOptions): FlowMemory | undefined;
/** A copy, so that nobody can change what has been checked. A file that is shorter than it says has zeros at its end, which are no flows. */
export declare function readFlowFile({ fd, capacity }: FormerFile): FlowFile;
