/**
 * Objects in order, which are only added to. Most lists of a call have one entry or none, and there are several for each call: one
 * alone is kept as it is, without an array.
 */
import { NONE } from "../graph/draft.ts";

export type Several<Entry extends object> = Entry | readonly Entry[] | null;

/** Takes the place of `entries`. */
export function withEntry<Entry extends object>(entries: Several<Entry>, entry: Entry): Several<Entry> {
  if (entries === null) return entry;
  if (!Array.isArray(entries)) return [entries as Entry, entry];
  entries.push(entry);
  return entries as readonly Entry[];
}

export function eachEntry<Entry extends object>(entries: Several<Entry>): readonly Entry[] {
  if (entries === null) return NONE;
  return Array.isArray(entries) ? (entries as readonly Entry[]) : [entries as Entry];
}

export function firstEntry<Entry extends object>(entries: Several<Entry>): Entry | undefined {
  return Array.isArray(entries)
    ? (entries[0] as Entry | undefined)
    : ((entries as Entry | null) ?? undefined);
}
