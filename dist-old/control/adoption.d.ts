import type { FlowFiles } from "./flow-files.js";
import type { Workers } from "./workers.js";
export declare class Adoption {
    private readonly workers;
    private readonly files;
    private timer;
    private deadline;
    private waiting;
    constructor(workers: Workers, files: FlowFiles | undefined);
    /** What is there is there now. `all`: nothing more will come, so what waits still is given up. */
    begin(all: boolean): Promise<void>;
    /** Something was published, or a network or an endpoint was made. */
    soon(): void;
    close(): void;
    private lookIn;
    private look;
    private end;
}
