/** Aligned columns for people: headings in capitals, two spaces between, numbers to the right, no trailing blanks. */
export function formatTable(headings, rows) {
    const widths = headings.map((heading, column) => rows.reduce((width, row) => Math.max(width, String(row[column]).length), heading.length));
    const numeric = headings.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"));
    const line = (cells) => cells
        .map((cell, column) => numeric[column] ? String(cell).padStart(widths[column]) : String(cell).padEnd(widths[column]))
        .join("  ")
        .trimEnd();
    return `${[headings, ...rows].map(line).join("\n")}\n`;
}
/** Of IPv4 and of IPv6, as far as there is any. */
export function bothFamilies(ipv4, ipv6 = "") {
    return [ipv4, ipv6].filter((text) => text !== "").join(",") || "-";
}
//# sourceMappingURL=table.js.map