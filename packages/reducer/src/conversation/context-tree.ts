/**
 * What a thread's requests and responses have in common, as a tree: a path from the root is a context, one node per item.
 *
 * A call's request, followed by its response, is a path; two calls share as long a prefix as their paths share nodes. So the
 * longest shared prefix of a new request with all earlier calls is found by walking down, and a call is stored as the node
 * at which it leaves what was there.
 */
import type { InferenceCall } from "../graph/inference.ts";
import type { Draft } from "../graph/draft.ts";
import type { ContextNode, TranscriptItem } from "../state/conversation-state.ts";

export function rootNode(): ContextNode {
  return { parent: null, depth: 0, item: null, creator: null, firstChild: null, otherChildren: null };
}

export function childOf(node: ContextNode, item: TranscriptItem): ContextNode | undefined {
  if (node.firstChild?.item === item) return node.firstChild;
  return node.otherChildren?.get(item);
}

export function addChild(
  node: ContextNode,
  item: TranscriptItem,
  creator: Draft<InferenceCall>,
): ContextNode {
  const child: ContextNode = {
    parent: node,
    depth: node.depth + 1,
    item,
    creator,
    firstChild: null,
    otherChildren: null,
  };
  if (node.firstChild === null) node.firstChild = child;
  else (node.otherChildren ??= new Map()).set(item, child);
  return child;
}

/** The nodes from below the root down to and with `node`. */
export function pathTo(node: ContextNode): ContextNode[] {
  const path: ContextNode[] = [];
  for (let at: ContextNode | null = node; at !== null && at.parent !== null; at = at.parent) path.push(at);
  return path.reverse();
}
