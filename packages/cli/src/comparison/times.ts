/** Times that are compared to the microsecond, as a person reads them, and those that stand in texts. */

/** Microseconds since the epoch: `2026-11-24 15:04:05.000123Z`. */
export function exactMoment(us: number): string {
  const date = new Date(Math.floor(us / 1_000));
  if (Number.isNaN(date.getTime())) return `${us} µs`;
  const fraction = String(us - Math.floor(us / 1_000_000) * 1_000_000).padStart(6, "0");
  return `${date.toISOString().slice(0, 19).replace("T", " ")}.${fraction}Z`;
}

/** Microseconds, none left out: `850 µs`, `12.345 ms`, `1.24 s`, `2 h 5 min 0.5 s`. */
export function exactDuration(us: number): string {
  if (us < 0) return `-${exactDuration(-us)}`;
  if (us < 1_000) return `${us} µs`;
  if (us < 1_000_000) return `${us / 1_000} ms`;
  const minutes = Math.floor(us / 60_000_000);
  const seconds = `${(us - minutes * 60_000_000) / 1_000_000} s`;
  if (minutes === 0) return seconds;
  return minutes < 60
    ? `${minutes} min ${seconds}`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min ${seconds}`;
}

/**
 * What a model was given of a cell, without how long it waited for that: the head that the runtime (Codex's and ours) puts
 * before what the cell put out says it.
 */
export function withoutWallTime(text: string): string {
  return text.replace(/^(Script [^\n]+\n)Wall time \d+(?:\.\d+)? seconds\n(?=Output:\n)/, "$1");
}
