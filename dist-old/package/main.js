/**
 * What a package holds beside the program, made of the program: `share FOLDER` writes man page and completions there, `deb TARBALL FOLDER` the
 * Debian packages. Run by package.json's scripts; the package itself does not hold this.
 */
import fs from "node:fs";
import path from "node:path";
import { version } from "../api/version.js";
import { buildProgram } from "../cli/program.js";
import { parseChangelog } from "./changelog.js";
import { bashCompletion, fishCompletion, zshCompletion } from "./completion.js";
import { buildDebs } from "./deb.js";
import { manPage } from "./man.js";
import { specOf } from "./spec.js";
async function writeShare(folder) {
    const releases = parseChangelog(fs.readFileSync(new URL("../../docs/CHANGELOG.md", import.meta.url), "utf8"));
    const release = releases[0];
    if (release?.version !== version())
        throw new Error(`docs/CHANGELOG.md does not open with version ${version()}, as package.json has it`);
    const root = specOf(await buildProgram());
    const files = {
        "man/tsproxy.1": manPage(root, release.version, release.date),
        "completions/tsproxy.bash": bashCompletion(root),
        "completions/_tsproxy": zshCompletion(root),
        "completions/tsproxy.fish": fishCompletion(root),
    };
    for (const [name, content] of Object.entries(files)) {
        fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
        fs.writeFileSync(path.join(folder, name), content);
    }
}
const [task, ...paths] = process.argv.slice(2);
if (task === "share" && paths.length === 1)
    await writeShare(paths[0]);
else if (task === "deb" && paths.length === 2)
    for (const deb of buildDebs(paths[0], paths[1]))
        process.stderr.write(`${deb}\n`);
else {
    process.stderr.write("usage: main.js share FOLDER | deb TARBALL FOLDER\n");
    process.exitCode = 2;
}
//# sourceMappingURL=main.js.map