/**
 * The responses of a thread by what their entries have in common, so that an entry is told for a part of a response, a copy of
 * one, or the beginning of another.
 */
import { isJsonObject, type JsonObject } from "@rollout-trace/protocol";
import type { LogFile } from "../log/log-file.ts";
import { idOf } from "../log/fields.ts";
import type { ClaudeConversation } from "./conversation.ts";
import { type Entry, entryIn, knownIdOf, saysTheSame } from "./record.ts";

/** The id that an entry shares with the others of its response; null where it has none. */
export function responseIdOf({ message, value }: Entry): string | null {
  return knownIdOf(message["id"]) ?? knownIdOf(value["requestId"]);
}

/**
 * `first`: it begins a response. `next`: the open one goes on. `late`: it is of a response that something else came after.
 * `copy`: it was read already, under the uuid that `of` gives, if it had one.
 */
export type AssistantSort =
  | { readonly type: "first" | "next" | "late" }
  | { readonly type: "copy"; readonly of: string | null };

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

  /** What an entry is to the responses before it, which none of it is added to yet. To be asked once for each entry. */
  sortOf(entry: Entry, { open, isAsked }: Pick<ClaudeConversation, "open" | "isAsked">): AssistantSort {
    const shared = responseIdOf(entry);
    const goesOn =
      shared === null
        ? this.#goesOnNameless(entry) && open !== null && open.shared === null && !isAsked
        : open !== null && shared === open.shared;
    const known = shared === null ? undefined : this.#known.get(shared);
    // What follows another entry of its response is the next part of it.
    const mayBeCopy = !goesOn || typeof entry.parent !== "string";
    const original = mayBeCopy && known !== undefined ? this.#original(known, entry) : null;
    if (original !== null) return { type: "copy", of: idOf(original["uuid"]) };
    if (goesOn) return { type: "next" };
    return { type: known === undefined ? "first" : "late" };
  }

  /** The entry that this one is a copy of; null for one that is no copy. */
  #original(known: Known, { value }: Entry): JsonObject | null {
    const original = this.entryAt(known.lines[known.next % known.lines.length] ?? 0);
    if (original === null || !saysTheSame(original, value)) return null;
    known.next += 1;
    return original;
  }

  /** Whether an entry without an id goes on with the response of the one before it: then it repeats what that cost. */
  #goesOnNameless({ message }: Entry): boolean {
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
