/**
 * How many of the first entries something holds for. It holds for none that comes after one which it does not hold for, so that few
 * need to be looked at.
 */
export function countFirst<Entry>(entries: readonly Entry[], holds: (entry: Entry) => boolean): number {
  return firstIndex(entries.length, (index) => holds(entries[index] as Entry));
}

/** The same of what has an index. */
export function firstIndex(length: number, holds: (index: number) => boolean): number {
  let from = 0;
  let to = length;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (holds(middle)) from = middle + 1;
    else to = middle;
  }
  return from;
}
