const DENIED = new Set(["EACCES", "EPERM", "EROFS"]);
/** Of a message: a word that somebody sent us may be megabytes long. */
const LONGEST = 300;
export class TsproxyError extends Error {
    /** `message` says what failed and names the offending word; `hint` says what the user can do. */
    constructor(...[code, kind, message, hint, cause]) {
        super(message.length > LONGEST ? `${message.slice(0, LONGEST)}…` : message, cause === undefined ? undefined : { cause });
        this.name = "TsproxyError";
        this.code = code;
        this.kind = kind;
        this.hint = hint;
    }
    /** The same error in other words. */
    reworded(message, hint) {
        return new TsproxyError(...[this.code, this.kind, message, hint, this]);
    }
    /** An error that came from another process, maybe of another version. */
    static revived(code, kind, message, hint) {
        return new TsproxyError(...[code, kind, message, hint]);
    }
    /** Whatever was thrown: a system call of Node's that failed is TSP_ERR_SYSCALL, everything else a fault of ours, TSP_ERR_INTERNAL. */
    static of(error) {
        if (error instanceof TsproxyError)
            return error;
        const { code, syscall, path, dest } = (error ?? {});
        if (typeof code === "string" && typeof syscall === "string") {
            const denied = DENIED.has(code);
            const what = [syscall, path ?? dest].filter((word) => word !== undefined).join(" ");
            return new TsproxyError("TSP_ERR_SYSCALL", denied ? "permission" : "unavailable", `${what} failed (${code})`, denied ? "run as root" : undefined, error);
        }
        const message = `internal error: ${error instanceof Error ? error.message : String(error)}`;
        const hint = "please report it (TSP_ERR_INTERNAL); with TSPROXY_DEBUG=1 it says where";
        return new TsproxyError("TSP_ERR_INTERNAL", "internal", message, hint, error);
    }
    /** One line for people: the message, then the hint. */
    describe() {
        return this.hint === undefined ? this.message : `${this.message}: ${this.hint}`;
    }
}
//# sourceMappingURL=errors.js.map