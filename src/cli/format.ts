/** How numbers and other people's words are written for people. */

/**
 * Text as a terminal may have it: control characters, and those that turn the direction of writing, are written as in a shell's `$'…'`, `\x1b`, so that
 * a word in an error clears no screen and hides no other. Line ends too.
 */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (character) => {
    const code = character.codePointAt(0)!;
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** "512 B", "1.5 MB": powers of 1000, as in `docker stats`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ["kB", "MB", "GB", "TB", "PB"];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** "9s", "2m 5s", "3h 0m", "4d 2h": the two largest units. */
export function formatDuration(seconds: number): string {
  const s = Math.floor(seconds);
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m ${s % 60}s`;
  if (s < 86_400) return `${Math.floor(s / 3600)}h ${Math.floor((s % 3600) / 60)}m`;
  return `${Math.floor(s / 86_400)}d ${Math.floor((s % 86_400) / 3600)}h`;
}

/** "no-route 12, ttl 3", largest first; "none". */
export function formatCounters(counters: Record<string, number>): string {
  const shown = Object.entries(counters).filter(([, count]) => count > 0);
  return shown.length === 0
    ? "none"
    : shown
        .sort((a, b) => b[1] - a[1])
        .map(([name, count]) => `${name} ${count}`)
        .join(", ");
}
