/** Lists and queues under keys. */

/** Adds to the end of the list under `key`. */
export function enqueue<Entry>(lists: Map<string, Entry[]>, key: string, entry: Entry): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [entry]);
  else list.push(entry);
}

/** Entries from `head` on are waiting. Removing the first of a long array would move all the others. */
export interface Queue<Entry> {
  readonly entries: Entry[];
  head: number;
}

/** Adds to the end of the queue under `key`. */
export function offer<Entry>(queues: Map<string, Queue<Entry>>, key: string, entry: Entry): void {
  const queue = queues.get(key);
  if (queue === undefined) queues.set(key, { entries: [entry], head: 0 });
  else queue.entries.push(entry);
}

/** Takes the oldest entry of the queue under `key`. */
export function take<Entry>(queues: Map<string, Queue<Entry>>, key: string): Entry | undefined {
  const queue = queues.get(key);
  if (queue === undefined) return undefined;
  const entry = queue.entries[queue.head];
  queue.head += 1;
  if (queue.head === queue.entries.length) queues.delete(key);
  return entry;
}
