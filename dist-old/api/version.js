import { readFileSync } from "node:fs";
/** The package's version. */
export function version() {
    return read("../../package.json").version;
}
/** The commit that was built, as `git describe` has it; undefined where none was noted (`build:info` in package.json). */
export function commit() {
    try {
        return read("../build-info.json").commit || undefined;
    }
    catch {
        return undefined;
    }
}
function read(file) {
    return JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));
}
//# sourceMappingURL=version.js.map