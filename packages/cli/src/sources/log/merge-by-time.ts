/**
 * Several streams as one, in the order of their times. Within a stream the order stays as it is: where its times go back,
 * they count as the latest time before. At equal times the earlier stream of the list goes first.
 */
export function* mergeByTime<Item extends { readonly timeUs: number }>(
  streams: readonly Iterable<Item>[],
): Generator<Item, void, undefined> {
  const heap: Head<Item>[] = [];
  for (const [order, stream] of streams.entries()) {
    const head = { order, iterator: stream[Symbol.iterator](), item: null, timeUs: -Infinity };
    if (advance(head)) push(heap, head);
  }
  try {
    for (let [first] = heap; first !== undefined; [first] = heap) {
      if (first.item !== null) yield first.item;
      if (!advance(first)) {
        const last = heap.pop();
        if (last === undefined || last === first) continue;
        heap[0] = last;
      }
      sink(heap);
    }
  } finally {
    for (const { iterator } of heap) iterator.return?.();
  }
}

interface Head<Item> {
  readonly order: number;
  readonly iterator: Iterator<Item>;
  item: Item | null;
  timeUs: number;
}

/** Moves to the next item of a stream; false at its end. */
function advance<Item extends { readonly timeUs: number }>(head: Head<Item>): boolean {
  const next = head.iterator.next();
  if (next.done === true) return false;
  head.item = next.value;
  head.timeUs = Math.max(head.timeUs, next.value.timeUs);
  return true;
}

type Key = Pick<Head<unknown>, "timeUs" | "order">;

function isBefore(left: Key, right: Key): boolean {
  return left.timeUs < right.timeUs || (left.timeUs === right.timeUs && left.order < right.order);
}

function push<Entry extends Key>(heap: Entry[], entry: Entry): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || isBefore(parent, entry)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

/** Puts the first entry, whose key has grown, where it belongs. */
function sink<Entry extends Key>(heap: Entry[]): void {
  const [entry] = heap;
  if (entry === undefined) return;
  let at = 0;
  for (;;) {
    const left = heap[2 * at + 1];
    const right = heap[2 * at + 2];
    const rightIsFirst = left !== undefined && right !== undefined && isBefore(right, left);
    const smaller = rightIsFirst ? right : left;
    if (smaller === undefined || !isBefore(smaller, entry)) break;
    heap[at] = smaller;
    at = 2 * at + (rightIsFirst ? 2 : 1);
  }
  heap[at] = entry;
}
