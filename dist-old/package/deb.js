/**
 * The Debian packages, made of the npm package: its files in /usr/lib/tsproxy, with the packages that it depends on, and what Debian wants beside
 * them. dpkg-deb puts them together; debhelper would need a folder `debian/` at the top and would build nothing that is not built already.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { version } from "../api/version.js";
import { debianChangelog, parseChangelog } from "./changelog.js";
/** Debian's name of each architecture, and Node's. */
const ARCHITECTURES = { amd64: "x64", arm64: "arm64" };
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** Scripts and texts; `src/` is where they are, as nothing is compiled of them. */
const DEBIAN = path.join(ROOT, "src/package/debian");
/** As Debian's tools ask for it (debchange(1)). */
const MAINTAINER = `${process.env.DEBFULLNAME ?? "the tsproxy developers"} <${process.env.DEBEMAIL ?? "tsproxy@example.org"}>`;
/** Compiled ones. */
const PROGRAMS = new Set(["tsproxy-docker-proxy", "tsproxy-sandbox", "tsproxy-cni"]);
const SCRIPTS = ["postinst", "prerm", "postrm"];
const DOC = "usr/share/doc/tsproxy";
const LIB = "usr/lib/tsproxy";
/** Paths of the packages, one for each architecture, in `folder`. */
export function buildDebs(tarball, folder) {
    return Object.keys(ARCHITECTURES).map((arch) => {
        const stage = fs.mkdtempSync(path.join(folder, "stage-"));
        try {
            lay(stage, tarball, arch);
            const deb = path.join(folder, `tsproxy_${version()}_${arch}.deb`);
            execFileSync("dpkg-deb", ["--root-owner-group", "-Zxz", "--build", stage, deb], { stdio: ["ignore", "ignore", "inherit"] });
            return deb;
        }
        finally {
            fs.rmSync(stage, { recursive: true, force: true });
        }
    });
}
function lay(stage, tarball, arch) {
    const at = (...names) => path.join(stage, ...names);
    const put = (name, content, mode = 0o644) => {
        fs.mkdirSync(path.dirname(at(name)), { recursive: true });
        fs.writeFileSync(at(name), content, { mode });
    };
    fs.chmodSync(stage, 0o755);
    fs.mkdirSync(at(LIB), { recursive: true });
    execFileSync("tar", ["xzf", tarball, "--strip-components=1", "-C", at(LIB)]);
    fs.mkdirSync(path.dirname(at(DOC)), { recursive: true });
    fs.renameSync(at(LIB, "docs"), at(DOC));
    fs.renameSync(at(LIB, "README.md"), at(DOC, "README.md"));
    fs.rmSync(at(LIB, "LICENSE"));
    layNative(at(LIB, "native"), ARCHITECTURES[arch]);
    for (const name of dependencies())
        layModule(path.join(ROOT, "node_modules", name), at(LIB, "node_modules", name));
    layShare(at(LIB, "dist/share"), put);
    for (const unit of fs.readdirSync(at(DOC, "systemd")))
        put(`usr/lib/systemd/system/${unit}`, fs.readFileSync(at(DOC, "systemd", unit)));
    fs.rmSync(at(DOC, "systemd"), { recursive: true });
    const [main, command] = [at(LIB, "dist/cli/main.js"), at(LIB, "dist/cli/tsproxy")];
    fs.writeFileSync(main, fs.readFileSync(main, "utf8").replace(/^#!.*/, "#!/usr/bin/node"));
    fs.writeFileSync(command, fs.readFileSync(command, "utf8").replace(/^exec node /m, "exec /usr/bin/node "));
    fs.mkdirSync(at("usr/bin"));
    fs.symlinkSync(`../lib/tsproxy/dist/cli/tsproxy`, at("usr/bin/tsproxy"));
    fs.symlinkSync(`../lib/tsproxy/native/prebuilt/linux-${ARCHITECTURES[arch]}/tsproxy-docker-proxy`, at("usr/bin/tsproxy-docker-proxy"));
    const changelog = at(DOC, "CHANGELOG.md");
    put(`${DOC}/changelog.gz`, gzipSync(debianChangelog(parseChangelog(fs.readFileSync(changelog, "utf8")), MAINTAINER), { level: 9 }));
    fs.rmSync(changelog);
    put(`${DOC}/copyright`, fs.readFileSync(path.join(DEBIAN, "copyright")));
    put("usr/share/lintian/overrides/tsproxy", fs.readFileSync(path.join(DEBIAN, "lintian-overrides")));
    setModes(stage);
    const files = listFiles(stage);
    const sums = files.map((file) => `${createHash("md5")
        .update(fs.readFileSync(at(file)))
        .digest("hex")}  ${file}\n`);
    const kib = files.reduce((sum, file) => sum + Math.ceil(fs.statSync(at(file)).size / 1024), 0);
    put("DEBIAN/md5sums", sums.join(""));
    put("DEBIAN/control", control(arch, kib));
    for (const script of SCRIPTS) {
        put(`DEBIAN/${script}`, fs.readFileSync(path.join(DEBIAN, script)));
        fs.chmodSync(at("DEBIAN", script), 0o755);
    }
}
/** Debian has glibc, and a package one architecture; sources are of use to nobody there. */
function layNative(folder, arch) {
    for (const name of fs.readdirSync(folder))
        if (name !== "prebuilt")
            fs.rmSync(path.join(folder, name), { recursive: true });
    const kept = new Set([`linux-${arch}`, `linux-${arch}-glibc`]);
    for (const name of fs.readdirSync(path.join(folder, "prebuilt")))
        if (!kept.has(name))
            fs.rmSync(path.join(folder, "prebuilt", name), { recursive: true });
}
/** Man page and completions, each where its reader looks. */
function layShare(share, put) {
    const read = (name) => fs.readFileSync(path.join(share, name));
    put("usr/share/man/man1/tsproxy.1.gz", gzipSync(read("man/tsproxy.1"), { level: 9 }));
    put("usr/share/man/man1/tsproxy-docker-proxy.1.gz", gzipSync(".so man1/tsproxy.1\n", { level: 9 }));
    put("usr/share/bash-completion/completions/tsproxy", read("completions/tsproxy.bash"));
    put("usr/share/zsh/vendor-completions/_tsproxy", read("completions/_tsproxy"));
    put("usr/share/fish/vendor_completions.d/tsproxy.fish", read("completions/tsproxy.fish"));
    fs.rmSync(share, { recursive: true });
}
/** Names of the packages that tsproxy needs when it runs, and of those that they need. */
function dependencies() {
    const needed = (folder) => {
        const { dependencies: names = {} } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
        return Object.keys(names).flatMap((name) => [name, ...needed(path.join(ROOT, "node_modules", name))]);
    };
    return [...new Set(needed(ROOT))];
}
/** A package as it runs: no types, and its licence is in `copyright`. */
function layModule(from, to) {
    fs.cpSync(from, to, { recursive: true, filter: (file) => !/\/typings$|\.d\.[cm]?ts$|\/LICEN[CS]E(\.md)?$|\/[^/]+\.md$/i.test(file) });
}
function setModes(stage) {
    for (const entry of fs.readdirSync(stage, { recursive: true, withFileTypes: true })) {
        const file = path.join(entry.parentPath, entry.name);
        if (entry.isDirectory())
            fs.chmodSync(file, 0o755);
        else if (entry.isFile())
            fs.chmodSync(file, PROGRAMS.has(entry.name) || /\/dist\/cli\/(main\.js|tsproxy)$/.test(file) ? 0o755 : 0o644);
    }
}
/** Files, no links, relative to the package's root. */
function listFiles(stage) {
    return fs
        .readdirSync(stage, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => path.relative(stage, path.join(entry.parentPath, entry.name)))
        .sort();
}
function control(arch, kib) {
    return `Package: tsproxy
Version: ${version()}
Architecture: ${arch}
Maintainer: ${MAINTAINER}
Installed-Size: ${kib}
Depends: nodejs (>= 20), libc6 (>= 2.17)
Suggests: docker.io | docker-ce
Section: net
Priority: optional
Description: userspace container networking: bridge, NAT and published ports
 tsproxy publishes ports of containers and network namespaces, and can be their
 whole network: one process does what the kernel's bridge, iptables' NAT and one
 docker-proxy for each port do otherwise. Servers see their clients' own
 addresses, each dropped packet has a reason and a counter, and nothing is left
 behind when the process ends.
 .
 It works without Docker, in place of docker-proxy, and as a network driver for
 Docker.
`;
}
//# sourceMappingURL=deb.js.map