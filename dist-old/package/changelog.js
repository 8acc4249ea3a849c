/** docs/CHANGELOG.md, and what Debian makes of it (deb-changelog(5)). */
/** Newest first. */
export function parseChangelog(markdown) {
    return markdown.split(/^## /m).flatMap((section) => {
        const [, version, date] = /^(\S+) \((\d{4}-\d\d-\d\d)\)\n/.exec(section) ?? [];
        if (version === undefined || date === undefined)
            return [];
        const items = section.split(/^- /m).slice(1);
        return [{ version, date, items: items.map((item) => item.split(/\n\n/, 1)[0].replace(/\s+/g, " ").replaceAll("`", "'").trim()) }];
    });
}
export function debianChangelog(releases, maintainer) {
    return releases
        .map(({ version, date, items }) => {
        const day = new Date(`${date}T12:00:00Z`).toUTCString().replace("GMT", "+0000");
        return `tsproxy (${version}) unstable; urgency=medium\n\n${items.map(bullet).join("")}\n -- ${maintainer}  ${day}\n`;
    })
        .join("\n");
}
/** Wrapped at 78 columns. */
function bullet(item) {
    let line = "  *";
    let out = "";
    for (const word of item.split(" ")) {
        if (line.length + 1 + word.length > 78) {
            out += `${line}\n`;
            line = "   ";
        }
        line += ` ${word}`;
    }
    return `${out}${line}\n`;
}
//# sourceMappingURL=changelog.js.map