/** In which order sessions and their logs come, and which copy of a log is read. */

/** Oldest first; those that began at once by their names, so that the order is the same every time. */
export function compareStarts<Started extends { readonly startedTimeUs: number }>(
  left: Started,
  right: Started,
  nameOf: (started: Started) => string,
): number {
  return left.startedTimeUs - right.startedTimeUs || compareText(nameOf(left), nameOf(right));
}

export function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The longest of those that share a key: copies of one log differ in how far they go. */
export function longestOfEach<Head extends { readonly bytes: number }>(
  heads: readonly Head[],
  keyOf: (head: Head) => string,
): ReadonlyMap<string, Head> {
  const longest = new Map<string, Head>();
  for (const head of heads) {
    const key = keyOf(head);
    const known = longest.get(key);
    if (known === undefined || known.bytes < head.bytes) longest.set(key, head);
  }
  return longest;
}
