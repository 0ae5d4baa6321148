/** When two sightings are one item. */
import type { NormalItem } from "./normal-item.ts";

const identities = new WeakMap<NormalItem, string>();

/**
 * The identity of an element that has no provider item id: its whole normalised content. A reasoning item with an encrypted
 * blob is that blob, since later requests replay it with less readable text or none.
 *
 * Worked out when first asked for: most sightings are recognised by the store's content id or the provider's item id.
 */
export function identityOf(item: NormalItem): string {
  const known = identities.get(item);
  if (known !== undefined) return known;
  const identity = workOut(item);
  identities.set(item, identity);
  return identity;
}

function workOut(item: NormalItem): string {
  if (item.kind === "reasoning") {
    for (const part of item.parts)
      if (part.type === "encoded") return JSON.stringify(["reasoning", part.value]);
  }
  const parts = item.parts.map((part) => {
    if (part.type === "json") return ["json", part.content_id];
    if (part.type === "payload_ref") return ["payload_ref", part.label, part.content_id];
    return part;
  });
  const { role, channel, kind, callId, agentMessage, distinguisher } = item;
  return JSON.stringify([role, channel, kind, callId, agentMessage, distinguisher, parts]);
}

/** Whether an element may be another sighting of an item of which `seen` is a sighting and `providerItemId` the id. */
export function isSameItem(seen: NormalItem, providerItemId: string | null, other: NormalItem): boolean {
  if (seen === other) return true;
  if (providerItemId !== null && other.providerItemId !== null) {
    return providerItemId === other.providerItemId && isSameSort(seen, other);
  }
  return identityOf(seen) === identityOf(other);
}

/** Providers and test doubles reuse item ids too: an id names one item only among items of one sort. */
export function isSameSort(left: NormalItem, right: NormalItem): boolean {
  return left.kind === right.kind && left.role === right.role && left.callId === right.callId;
}
