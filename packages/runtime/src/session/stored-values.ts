/** The JSON values that the cells of one session share. */
import { encodeStored } from "../isolate/bridge.ts";

/** In all of a session: each cell that loads one gets a copy of them all, within its own heap. */
const MAX_STORED_CHARS = 16 * 1024 * 1024;

export class StoredValues {
  /** Values as JSON text: they are only ever handed to isolates. */
  readonly #values = new Map<string, string>();
  /** Characters of all keys and values. */
  #chars = 0;
  /** The values as a cell gets them; null when they changed since it was made. */
  #snapshot: string | null = "";

  /** The values now, encoded for an isolate; empty when there are none. */
  snapshot(): string {
    this.#snapshot ??= encodeStored(this.#values);
    return this.#snapshot;
  }

  /** Why these writes cannot be merged, in words for the model; null when they can. */
  refusal(writes: ReadonlyMap<string, string>): string | null {
    let chars = this.#chars;
    for (const [key, json] of writes) chars += key.length + json.length - this.#charsOf(key);
    if (chars <= MAX_STORED_CHARS || chars <= this.#chars) return null;
    return `exec cell stored nothing: the stored values of its session would take ${chars} characters, and ${MAX_STORED_CHARS} are the most (store)`;
  }

  /** Merges key by key; the last to complete wins. */
  merge(writes: ReadonlyMap<string, string>): void {
    if (writes.size === 0) return;
    for (const [key, json] of writes) {
      this.#chars += key.length + json.length - this.#charsOf(key);
      this.#values.set(key, json);
    }
    this.#snapshot = null;
  }

  #charsOf(key: string): number {
    const json = this.#values.get(key);
    return json === undefined ? 0 : key.length + json.length;
  }
}
