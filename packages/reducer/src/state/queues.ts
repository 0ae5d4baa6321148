/** Adds to the end of the queue under `key`. */
export function enqueue<Entry>(queues: Map<string, Entry[]>, key: string, entry: Entry): void {
  const queue = queues.get(key);
  if (queue === undefined) queues.set(key, [entry]);
  else queue.push(entry);
}
