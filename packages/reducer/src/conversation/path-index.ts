/**
 * What stands where in a context that is only known as the node where it ends.
 *
 * Side requests may come between the requests of a conversation of which each goes on from an earlier response. To compare a short
 * one with a long context must not cost what the context is long, so such a context is looked things up in. The index of a node
 * shares with that of its parent what is the same. It is only made of a context that something is looked up in, and is no part of
 * what a reduction has gathered: whoever has lost it makes it again.
 */
import type { ContextNode, TranscriptItem } from "../state/conversation-state.ts";
import { firstIndex } from "../state/sorted.ts";
import { identityOf } from "./identity.ts";
import { PersistentArray } from "./persistent-array.ts";

type Nodes = PersistentArray<ContextNode>;

interface PathIndex {
  /** By their depth, less one. */
  readonly nodes: Nodes;
  /** How many of the first were instructions beside a history. */
  readonly headLength: number;
  /** The nodes of each item and of each identity, from the root down, by the number of its key. */
  readonly places: PersistentArray<Nodes>;
  /** Numbers of items and identities; all contexts of a thread share them. */
  readonly keys: Map<TranscriptItem | string, number>;
}

const INDEXES = new WeakMap<ContextNode, PathIndex>();

/** Indexes are kept of where contexts end, and on the way there of every so many nodes: no more have to be gone back. */
const KEPT_EVERY = 64;

const NOWHERE: Nodes = PersistentArray.empty();

/** The node of the first `length` items of the context that ends at `end`, which has at least as many. */
export function ancestorOf(end: ContextNode, length: number): ContextNode {
  if (length === end.depth) return end;
  const { nodes } = indexOf(end);
  return nodes.get(length - 1) ?? (nodes.get(0)?.parent as ContextNode);
}

/** How many items at the beginning of the context that ends at `end` are instructions beside a history. */
export function headLengthOf(end: ContextNode): number {
  return indexOf(end).headLength;
}

/** The item at a position of the context that ends at `end`. */
export function itemOnPath(end: ContextNode, position: number): TranscriptItem | undefined {
  return indexOf(end).nodes.get(position)?.item ?? undefined;
}

/** Where an item or items with an identity are in the context that ends at `end`, from the root down. */
export function placesOf(end: ContextNode, key: TranscriptItem | string): Nodes {
  const { places, keys } = indexOf(end);
  return places.get(keys.get(key) ?? -1) ?? NOWHERE;
}

/** The index of the first of `nodes`, which are in order, that stands after `length` items. */
export function firstAfter(nodes: Nodes, length: number): number {
  return firstIndex(nodes.length, (index) => (nodes.get(index)?.depth ?? 0) <= length);
}

function indexOf(end: ContextNode): PathIndex {
  const missing: ContextNode[] = [];
  let at = end;
  let index = INDEXES.get(at);
  for (; index === undefined && at.parent !== null; index = INDEXES.get(at)) {
    missing.push(at);
    at = at.parent;
  }
  if (index === undefined) {
    index = { nodes: NOWHERE, headLength: 0, places: PersistentArray.empty(), keys: new Map() };
    INDEXES.set(at, index);
  }
  for (const node of missing.reverse()) {
    index = withNode(index, node);
    if (node === end || node.depth % KEPT_EVERY === 0) INDEXES.set(node, index);
  }
  return index;
}

function withNode({ nodes, headLength, places, keys }: PathIndex, node: ContextNode): PathIndex {
  const item = node.item as TranscriptItem;
  const own = withPlace(places, numberOf(keys, item), node);
  return {
    nodes: nodes.with(node.depth - 1, node),
    headLength: headLength === node.depth - 1 && item.normal.isHead ? node.depth : headLength,
    places: withPlace(own, numberOf(keys, identityOf(item.normal)), node),
    keys,
  };
}

function withPlace(places: PersistentArray<Nodes>, key: number, node: ContextNode): PersistentArray<Nodes> {
  const nodes = places.get(key) ?? NOWHERE;
  return places.with(key, nodes.with(nodes.length, node));
}

function numberOf(keys: PathIndex["keys"], key: TranscriptItem | string): number {
  const known = keys.get(key);
  if (known !== undefined) return known;
  keys.set(key, keys.size);
  return keys.size - 1;
}
