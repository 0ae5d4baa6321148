/**
 * Elements that were read lately, by the store's content id, so that most contents are parsed and normalised once.
 *
 * What is not seen again for a long time is forgotten: an index of everything that was ever said costs more than it saves. There
 * are two generations; what is found in the earlier one moves to the recent one, which takes its place when it has grown to
 * `capacity`. That is at least twice what the longest arrays of all threads have together, so that what hosts repeat in every
 * request, in whatever order, stays known. An element that comes back after that is read again, and is the same by its content.
 */
import type { NormalElement } from "../conversation/normal-item.ts";

export interface KnownElements {
  recent: Map<string, NormalElement>;
  earlier: Map<string, NormalElement>;
  capacity: number;
}

/** Few enough to stay in a processor's cache. */
const LEAST_CAPACITY = 2048;

export function noElements(): KnownElements {
  return { recent: new Map(), earlier: new Map(), capacity: LEAST_CAPACITY };
}

export function knownElement(elements: KnownElements, contentId: string): NormalElement | undefined {
  const recent = elements.recent.get(contentId);
  if (recent !== undefined) return recent;
  const earlier = elements.earlier.get(contentId);
  if (earlier !== undefined) keepElement(elements, contentId, earlier);
  return earlier;
}

export function keepElement(elements: KnownElements, contentId: string, element: NormalElement): void {
  if (elements.recent.size >= elements.capacity) {
    elements.earlier = elements.recent;
    elements.recent = new Map();
  }
  elements.recent.set(contentId, element);
}
