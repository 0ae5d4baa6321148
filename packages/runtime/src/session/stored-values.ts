/** The JSON values that the cells of one session share. */
import { encodeStored } from "../isolate/bridge.ts";

export class StoredValues {
  /** Values as JSON text: they are only ever handed to isolates. */
  readonly #values = new Map<string, string>();
  /** The values as a cell gets them; null when they changed since it was made. */
  #snapshot: string | null = "";

  /** The values now, encoded for an isolate; empty when there are none. */
  snapshot(): string {
    this.#snapshot ??= encodeStored(this.#values);
    return this.#snapshot;
  }

  /** Merges key by key; the last to complete wins. */
  merge(writes: ReadonlyMap<string, string>): void {
    if (writes.size === 0) return;
    for (const [key, json] of writes) this.#values.set(key, json);
    this.#snapshot = null;
  }
}
