/**
 * Objects by the id they were recorded with.
 *
 * Recorded ids repeat: across threads and, one after the other, within one. The graph's ids do not: the second object with a
 * recorded id gets `#2`, and so on in order of starting. A reference means the latest object of its own thread with that id
 * that has not ended, or the latest at all.
 */
interface Uses<Entry> {
  readonly threadId: string | null;
  /** Those that have not ended, and some that have and are in `closed`, oldest first; the last one has not. */
  readonly open: Entry[];
  /** Null while ends come in the reverse order of starts, as they nearly always do. */
  closed: Set<Entry> | null;
  latest: Entry;
}

/** The uses of one recorded id. Nearly every id is used by one thread; the map exists for those that more use. */
interface Known<Entry> {
  readonly first: Uses<Entry>;
  others: Map<string | null, Uses<Entry>> | null;
  last: Uses<Entry>;
}

type Parts<Entry> = readonly [Map<string, Entry>, Map<string, Known<Entry>>, Map<string, number>];

export class RecordedIds<Entry> {
  /** By graph id, in the order of creation. */
  readonly byId: Map<string, Entry>;
  readonly #known: Map<string, Known<Entry>>;
  readonly #repeats: Map<string, number>;

  /** What it consists of, for `of` to make another of. */
  parts(): Parts<Entry> {
    return [this.byId, this.#known, this.#repeats];
  }

  static of<Entry>([byId, known, repeats]: Parts<Entry>): RecordedIds<Entry> {
    return new RecordedIds(byId, known, repeats);
  }

  constructor(
    byId: Map<string, Entry> = new Map(),
    known: Map<string, Known<Entry>> = new Map(),
    repeats: Map<string, number> = new Map(),
  ) {
    this.byId = byId;
    this.#known = known;
    this.#repeats = repeats;
  }

  /** The graph id for the next object that was recorded as `recordedId`. */
  mint(recordedId: string): string {
    if (!this.byId.has(recordedId)) return recordedId;
    let count = this.#repeats.get(recordedId) ?? 1;
    let id: string;
    do {
      count += 1;
      id = `${recordedId}#${count}`;
    } while (this.byId.has(id));
    this.#repeats.set(recordedId, count);
    return id;
  }

  add(entry: Entry, ids: { id: string; recordedId: string; threadId: string | null }): void {
    const { id, recordedId, threadId } = ids;
    this.byId.set(id, entry);
    const known = this.#known.get(recordedId);
    const uses = known === undefined ? undefined : usesIn(known, threadId);
    if (known !== undefined && uses !== undefined) {
      uses.open.push(entry);
      uses.latest = entry;
      known.last = uses;
      return;
    }
    const first: Uses<Entry> = { threadId, open: [entry], closed: null, latest: entry };
    if (known === undefined) this.#known.set(recordedId, { first, others: null, last: first });
    else {
      (known.others ??= new Map()).set(threadId, first);
      known.last = first;
    }
  }

  /** Looked for in its thread, then among objects without one; a reference without a thread may mean any. */
  find(recordedId: string, threadId: string | null): Entry | undefined {
    const known = this.#known.get(recordedId);
    if (known === undefined) return undefined;
    const uses = usesIn(known, threadId) ?? (threadId === null ? known.last : usesIn(known, null));
    return uses === undefined ? undefined : (uses.open.at(-1) ?? uses.latest);
  }

  /** Says that an object has ended, so that a reference prefers others that have not. */
  close(entry: Entry, ids: { recordedId: string; threadId: string | null }): void {
    const known = this.#known.get(ids.recordedId);
    const uses = known === undefined ? undefined : usesIn(known, ids.threadId);
    if (uses === undefined) return;
    if (uses.closed === null && uses.open.at(-1) === entry) {
      uses.open.pop();
      return;
    }
    (uses.closed ??= new Set()).add(entry);
    for (
      let last = uses.open.at(-1);
      last !== undefined && uses.closed.delete(last);
      last = uses.open.at(-1)
    ) {
      uses.open.pop();
    }
    if (uses.closed.size === 0) uses.closed = null;
  }
}

function usesIn<Entry>(known: Known<Entry>, threadId: string | null): Uses<Entry> | undefined {
  return known.first.threadId === threadId ? known.first : known.others?.get(threadId);
}
