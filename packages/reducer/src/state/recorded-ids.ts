/**
 * Objects by the id they were recorded with.
 *
 * Recorded ids repeat: across threads and, one after the other, within one. The graph's ids do not: the second object with a
 * recorded id gets `#2`, and so on in order of starting. A reference means the latest object of its own thread with that id
 * that has not ended, or the latest at all.
 */
import { TextMap } from "./text-map.ts";

export interface Recorded {
  readonly recordedId: string;
  /** What the recorded id is unique in at a time: the thread of most, the trace of a span. */
  readonly scope: string | null;
  /** Whether it has ended, so that a reference prefers others that have not. Set by `close`. */
  isOver: boolean;
}

interface Uses<Entry> {
  /** Those that have not ended, and some that have, oldest first; the last one has not. */
  readonly open: Entry[];
  latest: Entry;
}

/** The uses of a recorded id that several objects have, by scope. */
interface Shared<Entry> {
  readonly byScope: Map<string | null, Uses<Entry>>;
  last: Uses<Entry>;
}

type Parts<Entry> = readonly [string[], Entry[], Map<string, Shared<Entry>>, Map<string, number>];

export class RecordedIds<Entry extends Recorded> {
  /** By graph id, in the order of creation. */
  readonly byId: TextMap<Entry>;
  /** Those recorded ids that are not simply the graph id of their one object, which are few. */
  readonly #shared: Map<string, Shared<Entry>>;
  readonly #repeats: Map<string, number>;
  /** What was last found and may be found again: most events in a row name one turn. */
  #found: Entry | undefined;
  /** What was last looked for and is no graph id yet: what starts is looked for first. */
  #absent: string | null = null;

  /** What it consists of, for `of` to make another of. */
  parts(): Parts<Entry> {
    return [...this.byId.parts(), this.#shared, this.#repeats];
  }

  static of<Entry extends Recorded>([ids, entries, shared, repeats]: Parts<Entry>): RecordedIds<Entry> {
    return new RecordedIds(new TextMap(ids, entries), shared, repeats);
  }

  constructor(
    byId: TextMap<Entry> = new TextMap(),
    shared: Map<string, Shared<Entry>> = new Map(),
    repeats: Map<string, number> = new Map(),
  ) {
    this.byId = byId;
    this.#shared = shared;
    this.#repeats = repeats;
  }

  /** The graph id for the next object that was recorded as `recordedId`. */
  mint(recordedId: string): string {
    if (this.#absent === recordedId || !this.byId.has(recordedId)) return recordedId;
    let count = this.#repeats.get(recordedId) ?? 1;
    let id: string;
    do {
      count += 1;
      id = `${recordedId}#${count}`;
    } while (this.byId.has(id));
    this.#repeats.set(recordedId, count);
    return id;
  }

  /** `id` is what `mint` gave. */
  add(entry: Entry, id: string): void {
    const { recordedId } = entry;
    if (id !== recordedId) {
      const only = this.#only(recordedId);
      if (only !== undefined) this.#share(only);
      this.#share(entry);
    }
    this.byId.set(id, entry);
    // What has started is mostly what the next events name.
    this.#found = id === recordedId ? entry : undefined;
    this.#absent = null;
  }

  /** Looked for in its scope, then among objects without one; a reference without a scope may mean any. */
  find(recordedId: string, scope: string | null): Entry | undefined {
    const found = this.#found;
    if (found?.recordedId === recordedId && found.scope === scope) return found;
    const only = this.#only(recordedId);
    if (only !== undefined) {
      if (only.scope !== scope && scope !== null && only.scope !== null) return undefined;
      return (this.#found = only);
    }
    const shared = this.#shared.get(recordedId);
    const uses = shared?.byScope.get(scope) ?? (scope === null ? shared?.last : shared?.byScope.get(null));
    return uses === undefined ? undefined : (uses.open.at(-1) ?? uses.latest);
  }

  /** The one object that was recorded under an id; undefined where there are several. */
  sole(recordedId: string): Entry | undefined {
    return this.#only(recordedId);
  }

  /** Says that an object has ended. */
  close(entry: Entry): void {
    entry.isOver = true;
    const open = this.#shared.get(entry.recordedId)?.byScope.get(entry.scope)?.open;
    while (open?.at(-1)?.isOver === true) open.pop();
  }

  /** The one object that was recorded under an id, and has it as its graph id. */
  #only(recordedId: string): Entry | undefined {
    if (this.#shared.size > 0 && this.#shared.has(recordedId)) return undefined;
    const entry = this.byId.get(recordedId);
    if (entry === undefined) this.#absent = recordedId;
    return entry?.recordedId === recordedId ? entry : undefined;
  }

  #share(entry: Entry): void {
    const { recordedId, scope } = entry;
    const shared = this.#shared.get(recordedId);
    let uses = shared?.byScope.get(scope);
    if (uses === undefined) uses = { open: [], latest: entry };
    if (!entry.isOver) uses.open.push(entry);
    uses.latest = entry;
    if (shared === undefined) this.#shared.set(recordedId, { byScope: new Map([[scope, uses]]), last: uses });
    else {
      shared.byScope.set(scope, uses);
      shared.last = uses;
    }
  }
}
