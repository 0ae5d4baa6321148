/** Lists, queues and shelves under keys. */
import type { Made } from "../graph/draft.ts";
import { countFirst } from "./sorted.ts";

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

/** What lies on a shelf until it is taken, be it from this one or from another. */
export interface Shelved extends Pick<Made, "madeSeq"> {
  readonly claimed: boolean;
  /** What is claimed of one of which only a part is, by the keys under which that lies. */
  readonly carried?: ReadonlyMap<string, object>;
}

/**
 * Entries in the order of their making. Whoever takes one wants none that is older than something, so those that are left may lie
 * anywhere between others: `next` of an entry leads on to the first from there that may be left, and to itself where it may be.
 */
export interface Shelf<Entry extends Shelved> {
  readonly entries: Entry[];
  readonly next: number[];
}

/** Puts an entry on the shelf under `key`; none there is younger. */
export function shelve<Entry extends Shelved>(
  shelves: Map<string, Shelf<Entry>>,
  key: string,
  entry: Entry,
): void {
  const shelf = shelves.get(key);
  if (shelf === undefined) {
    shelves.set(key, { entries: [entry], next: [0] });
    return;
  }
  shelf.next.push(shelf.entries.length);
  shelf.entries.push(entry);
}

/** Takes the oldest entry that was made at `seq` or later and that nobody has claimed. */
export function takeSince<Entry extends Shelved>(
  shelves: Map<string, Shelf<Entry>>,
  key: string,
  seq: number,
): Entry | undefined {
  const shelf = shelves.get(key);
  if (shelf === undefined) return undefined;
  const { entries, next } = shelf;
  const first = countFirst(entries, ({ madeSeq }) => madeSeq < seq);
  for (let index = left(next, first); index < entries.length; index = left(next, index)) {
    const entry = entries[index];
    next[index] = index + 1;
    if (entry?.claimed === false && entry.carried?.has(key) !== true) return entry;
  }
  return undefined;
}

/** The first from `index` on that may be left. Shortens the way there by half, so that no way stays long. */
function left(next: number[], index: number): number {
  let at = index;
  for (let to = next[at]; to !== undefined && to !== at; to = next[at]) {
    const beyond = next[to] ?? to;
    next[at] = beyond;
    at = beyond;
  }
  return at;
}
