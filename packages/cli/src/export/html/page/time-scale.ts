/** From microseconds to the places of a timeline, with times in which nothing happened folded away if wanted. */

export interface Fold {
  /** Where it stands, in places. */
  readonly at: number;
  readonly width: number;
  /** What it stands for, in microseconds. */
  readonly us: number;
}

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A pause is folded when it is longer than this share of all work. */
const LEAST_PAUSE = 0.02;
/** Places that all folds take together, as a share of all work, and each at most. */
const FOLDS_SHARE = 0.2;
const FOLD_SHARE = 0.01;

export class TimeScale {
  /** Places of the whole; as many as microseconds where nothing is folded. */
  readonly total: number;
  readonly folds: readonly Fold[];
  /** Where the slope changes: microseconds and their places. */
  readonly #us: readonly number[];
  readonly #places: readonly number[];

  /** `work`: when something happened, in any order. */
  constructor(work: readonly Span[], durationUs: number, isFolding: boolean) {
    const whole = Math.max(1, durationUs);
    const pauses = isFolding ? longPauses(work, whole) : [];
    const busy = whole - pauses.reduce((sum, { start, end }) => sum + end - start, 0);
    const width = Math.min(busy * FOLD_SHARE, (busy * FOLDS_SHARE) / Math.max(1, pauses.length));
    const us = [0];
    const places = [0];
    const folds: Fold[] = [];
    let place = 0;
    let last = 0;
    for (const { start, end } of pauses) {
      place += start - last;
      us.push(start, end);
      places.push(place, place + width);
      folds.push({ at: place, width, us: end - start });
      place += width;
      last = end;
    }
    us.push(whole);
    places.push(place + whole - last);
    this.total = places.at(-1) ?? 1;
    this.folds = folds;
    this.#us = us;
    this.#places = places;
  }

  placeOf(us: number): number {
    return between(us, this.#us, this.#places);
  }

  usAt(place: number): number {
    return between(place, this.#places, this.#us);
  }
}

function between(value: number, from: readonly number[], to: readonly number[]): number {
  let low = 0;
  for (let high = from.length - 1; high - low > 1;) {
    const middle = (low + high) >> 1;
    if ((from[middle] ?? 0) <= value) low = middle;
    else high = middle;
  }
  const [from0 = 0, from1 = 0] = [from[low], from[low + 1]];
  const [to0 = 0, to1 = 0] = [to[low], to[low + 1]];
  return from1 === from0 ? to0 : to0 + ((value - from0) * (to1 - to0)) / (from1 - from0);
}

function longPauses(work: readonly Span[], whole: number): readonly Span[] {
  const pauses: Span[] = [];
  let until = 0;
  for (const { start, end } of work.toSorted((left, right) => left.start - right.start)) {
    if (start > until) pauses.push({ start: until, end: start });
    until = Math.max(until, end);
  }
  if (until < whole) pauses.push({ start: until, end: whole });
  const idle = pauses.reduce((sum, { start, end }) => sum + end - start, 0);
  // Without work there is nothing that a pause could be between.
  if (whole - idle < 1) return [];
  const least = Math.max(1, (whole - idle) * LEAST_PAUSE);
  return pauses.filter(({ start, end }) => end - start > least);
}

/** Steps of an axis, in microseconds. */
const STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6, 2e6, 5e6, 1e7, 3e7,
  6e7, 12e7, 3e8, 6e8, 18e8, 36e8, 72e8, 216e8, 432e8, 864e8,
];

/** The least step that is not shorter than this. */
export function stepOf(us: number): number {
  return STEPS.find((step) => step >= us) ?? Math.ceil(us / 864e8) * 864e8;
}

/** A moment of the axis, as exact as its step. */
export function momentText(us: number, step: number): string {
  if (us === 0) return "0";
  if (step < 1_000) return us < 1_000 ? `${us} µs` : `${(us / 1_000).toFixed(step < 100 ? 2 : 1)} ms`;
  if (step < 1_000_000 && us < 1_000_000) return `${us / 1_000} ms`;
  const digits = step >= 1e6 ? 0 : step >= 1e5 ? 1 : step >= 1e4 ? 2 : 3;
  if (us < 60e6) return `${(us / 1e6).toFixed(digits)} s`;
  const minutes = Math.floor(us / 60e6);
  const seconds = ((us % 60e6) / 1e6).toFixed(digits).padStart(digits === 0 ? 2 : digits + 3, "0");
  if (minutes < 60) return `${minutes}:${seconds}`;
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")}:${seconds}`;
}
