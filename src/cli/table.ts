import { printable } from "./format.js";

/** Aligned columns for people: headings in capitals, two spaces between, numbers to the right, no trailing blanks. */
export function formatTable(headings: string[], cells: (string | number)[][]): string {
  const rows = cells.map((row) => row.map((cell) => (typeof cell === "string" ? printable(cell) : cell)));
  const widths = headings.map((heading, column) =>
    rows.reduce((width, row) => Math.max(width, String(row[column]).length), heading.length),
  );
  const numeric = headings.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === "number"));
  const line = (row: (string | number)[]): string =>
    row
      .map((cell, column) =>
        numeric[column] ? String(cell).padStart(widths[column] as number) : String(cell).padEnd(widths[column] as number),
      )
      .join("  ")
      .trimEnd();
  return `${[headings, ...rows].map(line).join("\n")}\n`;
}

/** Of IPv4 and of IPv6, as far as there is any. */
export function bothFamilies(ipv4: string, ipv6 = ""): string {
  return [ipv4, ipv6].filter((text) => text !== "").join(",") || "-";
}
