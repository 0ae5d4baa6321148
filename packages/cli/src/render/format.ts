/** Numbers for people. Nothing here depends on a locale or a time zone. */

/** Microseconds as a duration: `850 µs`, `12 ms`, `1.24 s`, `3 min 20 s`, `2 h 5 min`. */
export function duration(us: number): string {
  if (us < 1_000) return `${us} µs`;
  if (us < 1_000_000) return `${Math.round(us / 1_000)} ms`;
  if (us < 60_000_000) return `${(us / 1_000_000).toFixed(2)} s`;
  const seconds = Math.round(us / 1_000_000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3_600)} h ${Math.floor((seconds % 3_600) / 60)} min`;
}

/** A count with its noun: `1 turn`, `2 turns`. */
export function count(number: number, noun: string, plural: string = `${noun}s`): string {
  return `${grouped(number)} ${number === 1 ? noun : plural}`;
}

/** An integer with thin spaces between thousands: `12 345`. */
export function grouped(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u2009");
}

/** Whether it is a time at all: recordings of programs that kept none have zero in its place. */
export function isTime(us: number): boolean {
  return us !== 0;
}

/** Microseconds since the epoch as UTC: `2026-11-24 15:04:05Z`, or `time unknown`. */
export function utc(us: number): string {
  if (!isTime(us)) return "time unknown";
  const date = new Date(Math.floor(us / 1_000));
  return Number.isNaN(date.getTime()) ? `${us} µs` : `${date.toISOString().slice(0, 19).replace("T", " ")}Z`;
}

/** Bytes for a person: `850 B`, `12.3 kB`, `4.0 MB`. */
export function bytes(size: number): string {
  if (size < 1_000) return `${size} B`;
  return size < 1_000_000 ? `${(size / 1_000).toFixed(1)} kB` : `${(size / 1_000_000).toFixed(1)} MB`;
}
