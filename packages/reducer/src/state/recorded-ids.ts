/**
 * Objects by the id they were recorded with.
 *
 * Recorded ids repeat: across threads and, one after the other, within one. The graph's ids do not: the second object with a
 * recorded id gets `#2`, and so on in order of starting. A reference means the latest object of its own thread with that id
 * that has not ended, or the latest at all.
 */
interface Uses<Entry> {
  readonly open: Entry[];
  latest: Entry;
}

export class RecordedIds<Entry> {
  /** By graph id, in the order of creation. */
  readonly byId: Map<string, Entry> = new Map();
  readonly #uses: Map<string, { readonly byThread: Map<string | null, Uses<Entry>>; last: Uses<Entry> }> =
    new Map();
  readonly #repeats: Map<string, number> = new Map();

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
    this.byId.set(ids.id, entry);
    const known = this.#uses.get(ids.recordedId);
    const uses = known?.byThread.get(ids.threadId) ?? { open: [], latest: entry };
    uses.open.push(entry);
    uses.latest = entry;
    if (known === undefined) {
      this.#uses.set(ids.recordedId, { byThread: new Map([[ids.threadId, uses]]), last: uses });
      return;
    }
    known.byThread.set(ids.threadId, uses);
    known.last = uses;
  }

  /** Looked for in its thread, then among objects without one; a reference without a thread may mean any. */
  find(recordedId: string, threadId: string | null): Entry | undefined {
    const known = this.#uses.get(recordedId);
    if (known === undefined) return undefined;
    const uses = known.byThread.get(threadId) ?? (threadId === null ? known.last : known.byThread.get(null));
    return uses === undefined ? undefined : (uses.open.at(-1) ?? uses.latest);
  }

  /** Says that an object has ended, so that a reference prefers others that have not. */
  close(entry: Entry, ids: { recordedId: string; threadId: string | null }): void {
    const open = this.#uses.get(ids.recordedId)?.byThread.get(ids.threadId)?.open;
    const index = open?.lastIndexOf(entry) ?? -1;
    if (open !== undefined && index >= 0) open.splice(index, 1);
  }
}
