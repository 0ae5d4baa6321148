/** Numbers for people, as the command prints them. */

/** Microseconds as a duration: `850 µs`, `12 ms`, `1.24 s`, `3 min 20 s`. */
export function durationText(us: number): string {
  if (us < 1_000) return `${Math.round(us)} µs`;
  if (us < 1_000_000) return `${trimmed(us / 1_000, us < 10_000 ? 1 : 0)} ms`;
  if (us < 60_000_000) return `${trimmed(us / 1_000_000, 2)} s`;
  const seconds = Math.round(us / 1_000_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

function trimmed(value: number, digits: number): string {
  return value.toFixed(digits).replace(/\.0+$/, "");
}

/** `12 345`, with thin spaces. */
export function groupedText(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

export function countText(number: number, noun: string): string {
  return `${groupedText(number)} ${noun}${number === 1 ? "" : "s"}`;
}

export function bytesText(size: number | null): string {
  if (size === null) return "size unknown";
  if (size < 1_000) return `${size} B`;
  return size < 1_000_000 ? `${(size / 1_000).toFixed(1)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}

/** `conversation_item` as `conversation item`. */
export function wordsOf(name: string): string {
  return name.replaceAll("_", " ");
}
