/**
 * The responses of a thread by what their entries have in common, so that an entry is told for a part of a response, a copy of
 * one, or the beginning of another.
 */
import { isJsonObject, type JsonObject } from "@rollout-trace/protocol";
import type { LogFile } from "../log/log-file.ts";
import { idOf } from "../log/fields.ts";
import { type Entry, entryIn, knownIdOf, saysTheSame } from "./record.ts";

/** The id that an entry shares with the others of its response; null where it has none. */
export function responseIdOf({ message, value }: Entry): string | null {
  return knownIdOf(message["id"]) ?? knownIdOf(value["requestId"]);
}

interface Known {
  /** The lines of its entries. */
  readonly lines: number[];
  /** Which of them the next copy is compared with. */
  next: number;
}

export class Responses {
  readonly #file: LogFile;
  readonly #known = new Map<string, Known>();
  /** What the last entry without an id says of its cost. */
  #nameless: string | null = null;

  constructor(file: LogFile) {
    this.#file = file;
  }

  /** An entry of a response. */
  add(id: string, line: number): void {
    const known = this.#known.get(id);
    if (known === undefined) this.#known.set(id, { lines: [line], next: 0 });
    else known.lines.push(line);
  }

  has(id: string): boolean {
    return this.#known.has(id);
  }

  /** The uuid of the entry that this one is a copy of; undefined for one that is no copy. */
  copied(id: string, entry: Entry): string | null | undefined {
    const known = this.#known.get(id);
    if (known === undefined) return undefined;
    const original = this.entryAt(known.lines[known.next % known.lines.length] ?? 0);
    if (original === null || !saysTheSame(original, entry.value)) return undefined;
    known.next += 1;
    return idOf(original["uuid"]);
  }

  /** Whether an entry without an id goes on with the response of the one before it: then it repeats what that cost. */
  goesOnNameless({ message }: Entry): boolean {
    const usage = isJsonObject(message["usage"]) ? JSON.stringify(message["usage"]) : null;
    const goesOn = usage !== null && usage === this.#nameless;
    this.#nameless = usage;
    return goesOn;
  }

  entryAt(line: number): JsonObject | null {
    const content = this.#file.content(line);
    return content.ok ? entryIn(content.value) : null;
  }
}
