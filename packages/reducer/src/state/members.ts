/**
 * A few objects in order of joining. There is hardly ever more than one at a time, and they come and go with nearly every event:
 * one alone is kept as it is, without a set.
 */
export type Members<Entry extends object> = Entry | ReadonlySet<Entry> | null;

/** Takes the place of `members`. */
export function withMember<Entry extends object>(members: Members<Entry>, entry: Entry): Members<Entry> {
  if (members === null || members === entry) return entry;
  if (members instanceof Set) return members.add(entry);
  return new Set([members as Entry, entry]);
}

/** Takes the place of `members`. */
export function withoutMember<Entry extends object>(members: Members<Entry>, entry: Entry): Members<Entry> {
  if (members === entry) return null;
  if (!(members instanceof Set)) return members;
  members.delete(entry);
  return members.size === 0 ? null : members;
}

/** Those that leave before it is their turn are left out. */
export function eachMember<Entry extends object>(members: Members<Entry>): Iterable<Entry> {
  if (members === null) return [];
  return members instanceof Set ? members : [members as Entry];
}
