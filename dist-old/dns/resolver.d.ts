import type { NameScope, NameService } from "../sandbox/name-service.js";
import type { Directory } from "./directory.js";
export declare class Resolver implements NameService {
    private readonly directory;
    private readonly hostServers;
    private readonly served;
    /** `hostServers`: of the host as it is now, asked from there. */
    constructor(directory: Directory, hostServers: () => readonly string[]);
    serve(scope: NameScope, nsFd: number): void;
    stop(id: string): void;
    close(): void;
}
