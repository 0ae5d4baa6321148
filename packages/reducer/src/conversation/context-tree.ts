/**
 * What a thread's requests and responses have in common, as a tree: a path from the root is a context, one node per item.
 *
 * A call's request, followed by its response, is a path; two calls share as long a prefix as their paths share nodes. So the
 * longest shared prefix of a new request with all earlier calls is found by walking down, and a call is stored as the node
 * at which it leaves what was there.
 */
import type { InferenceCall } from "../graph/inference.ts";
import type { Draft } from "../graph/draft.ts";
import type { ContextChildren, ContextNode, TranscriptItem } from "../state/conversation-state.ts";
import { identityOf, isSameItem } from "./identity.ts";
import type { NormalItem } from "./normal-item.ts";

export function rootNode(): ContextNode {
  return { parent: null, depth: 0, item: null, creator: null, latest: null, children: null };
}

export function childOf(node: ContextNode, item: TranscriptItem): ContextNode | undefined {
  if (node.latest?.item === item) return node.latest;
  return node.children?.byItem.get(item);
}

/** The child of a node whose item an element seems to be another sighting of. Looks at no more than two children. */
export function childLike(node: ContextNode, normal: NormalItem): ContextNode | undefined {
  const { latest, children } = node;
  if (latest === null || isSighting(latest, normal)) return latest ?? undefined;
  if (children === null) return undefined;
  const like = (children.byIdentity ??= indexed(children)).get(identityOf(normal));
  return like !== undefined && isSighting(like, normal) ? like : undefined;
}

/** A new child of a node that has none with this item; `creator` is null where no request has shown it. */
export function addChild(
  node: ContextNode,
  item: TranscriptItem,
  creator: Draft<InferenceCall> | null,
): ContextNode {
  const { latest } = node;
  const child: ContextNode = {
    parent: node,
    depth: node.depth + 1,
    item,
    creator,
    latest: null,
    children: null,
  };
  node.latest = child;
  if (latest === null) return child;
  node.children ??= { byItem: new Map([[latest.item as TranscriptItem, latest]]), byIdentity: null };
  node.children.byItem.set(item, child);
  node.children.byIdentity?.set(identityOf(item.normal), child);
  return child;
}

/** Goes on to a child of a node that there was before. */
export function goTo(node: ContextNode, child: ContextNode, creator: Draft<InferenceCall>): ContextNode {
  node.latest = child;
  child.creator ??= creator;
  return child;
}

/** The nodes from below the root down to and with `node`. */
export function pathTo(node: ContextNode): ContextNode[] {
  const path: ContextNode[] = [];
  for (let at: ContextNode | null = node; at !== null && at.parent !== null; at = at.parent) path.push(at);
  return path.reverse();
}

function isSighting({ item }: ContextNode, normal: NormalItem): boolean {
  return item !== null && isSameItem(item.normal, item.draft.provider_item_id, normal);
}

function indexed({ byItem }: ContextChildren): Map<string, ContextNode> {
  return new Map([...byItem].map(([{ normal }, child]) => [identityOf(normal), child]));
}
