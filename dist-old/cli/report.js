/** What a failure becomes: an exit code and one line on standard error. It imports no package, so that it works when nothing else does. */
import { TsproxyError } from "../errors.js";
const HELP_HINT = "run 'tsproxy --help'";
function isUsageFailure(error) {
    return error instanceof Error && String(error.code).startsWith("commander.");
}
/** 0 for --help, 2 for wrong usage, 1 for every other failure. */
export function exitCodeOf(error) {
    if (isUsageFailure(error))
        return error.exitCode === 0 ? 0 : 2;
    return error instanceof TsproxyError && error.kind === "invalid" ? 2 : 1;
}
/** Says what went wrong, in one line. With TSPROXY_DEBUG set, also where: the stacks of the error and its causes. */
export function reportError(error, write = (text) => process.stderr.write(text)) {
    if (isUsageFailure(error)) {
        if (error.exitCode !== 0)
            write(line(`${error.message.replace(/^error: /, "")} (${HELP_HINT})`));
        return;
    }
    write(line(errorLine(TsproxyError.of(error))));
    if (process.env.TSPROXY_DEBUG)
        write(stacks(error));
}
export function errorLine(error) {
    return oneLine(error.kind === "invalid" ? `${error.describe()} (${HELP_HINT})` : error.describe());
}
function line(message) {
    return `tsproxy: ${oneLine(message)}\n`;
}
export function oneLine(message) {
    return message.replace(/\s*\n\s*/g, " ").trim();
}
function stacks(error) {
    if (!(error instanceof Error))
        return "";
    const cause = error.cause === undefined ? "" : `caused by ${stacks(error.cause)}`;
    return `${error.stack}\n${cause}`;
}
//# sourceMappingURL=report.js.map