/** What sandboxes need of who answers names in them (`src/dns`). */
export interface NameScope {
    /** Of the sandbox. */
    id: string;
    /** Networks whose names it is told, by id: those that people make, not `bridge`. */
    networks: readonly string[];
    /** Names for it alone: `--link`. */
    links: readonly {
        alias: string;
        owner: string;
    }[];
    /** `--dns`: asked from within its namespace; none: the host's. */
    servers: readonly string[];
    /** Nothing is asked outside: all its networks are internal. */
    internal: boolean;
}
export interface NameService {
    /** Answers in the namespace `nsFd` (not kept) from now on; called again with another scope, by that. Throws when the address there is taken. */
    serve(scope: NameScope, nsFd: number): void;
    /** Nothing happens if it was not served. */
    stop(id: string): void;
}
