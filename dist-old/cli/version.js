/** What `tsproxy --version` says: which version this is, of which commit, and which native addon it loads. */
import { commit, version } from "../api/version.js";
import { TsproxyError } from "../errors.js";
export async function versionText() {
    return `tsproxy ${version()}, ${commit() === undefined ? "commit unknown" : `commit ${commit()}`}\naddon: ${await addon()}\nnode: ${process.version}\n`;
}
/** Its file, once it is loaded; else why it cannot be. */
async function addon() {
    try {
        const [{ addonFile }] = await Promise.all([import("../sys/native-files.js"), import("../sys/native.js")]);
        return addonFile() ?? "none";
    }
    catch (error) {
        return `none (${TsproxyError.of(error).describe()})`;
    }
}
//# sourceMappingURL=version.js.map