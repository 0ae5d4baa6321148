/**
 * How many of the first entries something holds for. It holds for none that comes after one which it does not hold for, so that few
 * need to be looked at.
 */
export function countFirst<Entry>(entries: readonly Entry[], holds: (entry: Entry) => boolean): number {
  let from = 0;
  let to = entries.length;
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (holds(entries[middle] as Entry)) from = middle + 1;
    else to = middle;
  }
  return from;
}
