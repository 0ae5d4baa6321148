/**
 * Elements that were read lately, by how and by the store's content id, so that most contents are parsed and normalised once.
 *
 * What was not looked for in a long time is forgotten: an index of everything that was ever said costs more than it saves. There
 * are two generations; what is found in the earlier one moves to the recent one, which takes its place when it has grown to
 * `capacity`. That is at least twice what the longest arrays of all threads have together, so that what hosts repeat in every
 * request, in another order each time, stays known. An element that comes back after that is read again, and is the same by its
 * content; an item that is made of it then names the payload that it was read from that time. Long ones, which cost more to keep
 * twice than to look for, are never forgotten.
 */
import { lengthOf, type NormalElement, type Normalise } from "../conversation/normal-item.ts";

/** What one reader has read. */
export interface Generations {
  readonly long: Map<string, NormalElement>;
  recent: Map<string, NormalElement>;
  earlier: Map<string, NormalElement>;
}

export interface KnownElements {
  readonly byReader: Map<Normalise, Generations>;
  /** Elements of a generation. */
  capacity: number;
}

/** Few enough to stay in a processor's cache. */
const LEAST_CAPACITY = 2048;

/** Code units, about. Several times what an entry takes. */
const LONG = 2048;

export function noElements(): KnownElements {
  return { byReader: new Map(), capacity: LEAST_CAPACITY };
}

export function readBy({ byReader }: KnownElements, normalise: Normalise): Generations {
  let known = byReader.get(normalise);
  if (known === undefined) {
    byReader.set(normalise, (known = { long: new Map(), recent: new Map(), earlier: new Map() }));
  }
  return known;
}

export function knownElement(
  known: Generations,
  contentId: string,
  capacity: number,
): NormalElement | undefined {
  const recent = known.recent.get(contentId);
  if (recent !== undefined) return recent;
  const earlier = known.earlier.get(contentId);
  if (earlier === undefined) return known.long.size === 0 ? undefined : known.long.get(contentId);
  keepElement(known, { contentId, element: earlier }, capacity);
  return earlier;
}

export function keepElement(
  known: Generations,
  { contentId, element }: { contentId: string; element: NormalElement },
  capacity: number,
): void {
  if (isLong(element)) {
    known.long.set(contentId, element);
    return;
  }
  if (known.recent.size >= capacity) {
    known.earlier = known.recent;
    known.recent = new Map();
  }
  known.recent.set(contentId, element);
}

function isLong(element: NormalElement): boolean {
  if (element.kind !== null) return lengthOf(element) > LONG;
  return element.items.reduce((sum, item) => sum + lengthOf(item), 0) > LONG;
}
