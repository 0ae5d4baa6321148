/** What may be typed after an option, and what becomes of it. Each throws `InvalidArgumentError`. */
import { InvalidArgumentError } from "commander";
import { IGNORABLE, type Ignorable } from "../comparison/ignorable.ts";

export const GRAPH_FORMATS = ["graph", "codex"] as const;
export type GraphFormat = (typeof GRAPH_FORMATS)[number];

export function levels(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError("It must be a whole number of at least 1.");
  }
  return number;
}

const UNIT_US = { m: 60_000_000, h: 3_600_000_000, d: 86_400_000_000 } as const;

/** A date, a moment, or how long ago: microseconds since the epoch. A moment without a zone is UTC, as all that is printed. */
export function moment(text: string): number {
  const [, number, unit] = /^(\d{1,6})([mhd])$/.exec(text) ?? [];
  if (unit === "m" || unit === "h" || unit === "d")
    return Date.now() * 1_000 - Number(number) * UNIT_US[unit];
  const hasZone = /Z|[+-]\d\d:?\d\d$/.test(text);
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const ms = /^\d{4}-\d\d-\d\d/.test(text)
    ? Date.parse(isDate || hasZone ? text : `${text.replace(" ", "T")}Z`)
    : Number.NaN;
  if (Number.isNaN(ms))
    throw new InvalidArgumentError("It must be like 2026-11-24, 2026-11-24T15:04Z, 90m, 12h or 7d.");
  return ms * 1_000;
}

/** As `moment`, for what goes for good: nothing in the future, which would be everything. */
export function age(text: string): number {
  const us = moment(text);
  if (us > Date.now() * 1_000) throw new InvalidArgumentError("It must not be in the future.");
  return us;
}

export function ignorables(text: string): readonly Ignorable[] {
  const wanted = text.split(",").map((word) => word.trim());
  const known = IGNORABLE.filter((word) => wanted.includes(word));
  if (known.length !== wanted.length)
    throw new InvalidArgumentError(`It must be of ${IGNORABLE.join(", ")}.`);
  return known;
}

/** Names with commas between them, after those of the same option before. */
export function names(text: string, before: readonly string[] = []): readonly string[] {
  const more = text.split(",").map((name) => name.trim());
  if (more.includes("")) throw new InvalidArgumentError("It must be names, with commas between them.");
  return [...before, ...more];
}
