/** When two sightings are one item. */
import type { NormalItem } from "./normal-item.ts";
import { textKey } from "./text-key.ts";

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
  const identity = textKey(workOut(item));
  identities.set(item, identity);
  return identity;
}

function workOut(item: NormalItem): string {
  const blob = blobOf(item);
  if (blob !== null) return JSON.stringify(["reasoning", blob]);
  const parts = item.parts.map((part) => {
    if (part.type === "json") return ["json", part.content_id];
    if (part.type === "payload_ref") return ["payload_ref", part.label, part.content_id];
    return part;
  });
  const { role, channel, callId, agentMessage, distinguisher } = item;
  return JSON.stringify([role, channel, kindOf(item), callId, agentMessage, distinguisher, parts]);
}

/** A thought of many parts may be compared very often. */
const blobs = new WeakMap<NormalItem, string | null>();

/** The encrypted blob or signature of a reasoning item. */
function blobOf(item: NormalItem): string | null {
  if (item.kind !== "reasoning") return null;
  let blob = blobs.get(item);
  if (blob === undefined) {
    blob = item.parts.find((part) => part.type === "encoded")?.value ?? null;
    blobs.set(item, blob);
  }
  return blob;
}

/** Not every dialect says of an output what sort of call it is of. The call id does. */
function kindOf({ kind }: NormalItem): NormalItem["kind"] {
  return kind === "custom_tool_call_output" ? "function_call_output" : kind;
}

/** Whether an element may be another sighting of an item of which `seen` is a sighting and `providerItemId` the id. */
export function isSameItem(seen: NormalItem, providerItemId: string | null, other: NormalItem): boolean {
  if (seen === other) return true;
  if (providerItemId !== null && other.providerItemId !== null) {
    if (providerItemId === other.providerItemId) return isSameSort(seen, other);
    // Hosts that keep a blob and not its id make up another id for each request.
    const blob = blobOf(other);
    return blob !== null && blob === blobOf(seen);
  }
  return identityOf(seen) === identityOf(other);
}

/**
 * Providers and test doubles reuse item ids too: an id names one item only among items of one sort. What refers to an item does not
 * say of which sort that is.
 */
export function isSameSort(seen: NormalItem, other: NormalItem): boolean {
  if (other.isReference || seen.isReference) return other.isReference;
  return kindOf(seen) === kindOf(other) && seen.role === other.role && seen.callId === other.callId;
}
