/** A tree of lines with branches in front of them. */
import type { ObjectAnchor } from "../objects/graph-objects.ts";
import { textWidth } from "./width.ts";

/** One line and what hangs under it. `detail` is recorded text that may be cut. */
export interface TreeNode {
  /** Styled and safe: facts with two spaces between them. What does not fit beside the first goes below. */
  readonly text: string;
  /** Untrusted text shown after `text` or, on a narrow terminal, below it; cut to the room there is. */
  readonly detail?: string | null;
  /** A function makes them when their parent's line has been taken. */
  readonly children: readonly TreeNode[] | (() => readonly TreeNode[]);
  /** The objects that the line is about. Default: none. */
  readonly objects?: readonly ObjectAnchor[];
}

export interface TreeStyle {
  /** Columns, or null for no cutting. */
  readonly columns: number | null;
  /** Styles the branches. */
  branch(text: string): string;
  /** Makes untrusted text safe, cut to a number of columns, and styles it. */
  detail(text: string, columns: number): string;
}

/** Room for recorded text where there is no terminal, and the least that is worth a place beside a node where there is one. */
const DETAIL_COLUMNS = 100;
const LEAST_DETAIL_COLUMNS = 12;

/** The lines of the trees, one after the other, down to a number of levels (default: all). */
export function* treeLines(
  roots: Iterable<TreeNode>,
  style: TreeStyle,
  levels: number = Number.POSITIVE_INFINITY,
): Generator<string, void, undefined> {
  for (const root of roots) {
    for (const { node, ...leads } of walked(root, levels)) yield* nodeLines(node, leads, style);
  }
}

/** What these lines are about. */
export function* treeObjects(
  roots: Iterable<TreeNode>,
  levels: number = Number.POSITIVE_INFINITY,
): Generator<ObjectAnchor, void, undefined> {
  for (const root of roots) for (const { node } of walked(root, levels)) yield* node.objects ?? [];
}

interface Walked {
  readonly node: TreeNode;
  /** What stands in front of its first line, and of those below. */
  readonly lead: string;
  readonly below: string;
}

/** Walks with a stack of its own: agents may nest deeper than calls can. */
function* walked(root: TreeNode, levels: number): Generator<Walked, void, undefined> {
  const stack = [{ node: root, lead: "", under: "", level: 1 }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, lead, under, level } = top;
    const children = level >= levels ? [] : childrenOf(node);
    const last = children.length - 1;
    yield { node, lead, below: under + (last >= 0 ? "│  " : "   ") };
    for (let index = last; index >= 0; index -= 1) {
      const child = children[index];
      if (child === undefined) continue;
      stack.push({
        node: child,
        level: level + 1,
        lead: under + (index === last ? "└─ " : "├─ "),
        under: under + (index === last ? "   " : "│  "),
      });
    }
  }
}

function childrenOf({ children }: TreeNode): readonly TreeNode[] {
  return typeof children === "function" ? children() : children;
}

/** The lines of a node: facts and recorded text that have no room on the first are on lines of their own. */
function* nodeLines(
  { text, detail }: TreeNode,
  { lead, below }: Omit<Walked, "node">,
  style: TreeStyle,
): Generator<string, void, undefined> {
  let branch = lead;
  let facts = text;
  while (style.columns !== null && textWidth(branch + facts) > style.columns) {
    const [first, rest] = brokenFacts(facts, style.columns - branch.length);
    if (rest === "") break;
    yield style.branch(branch) + first;
    branch = below;
    facts = rest;
  }
  const head = style.branch(branch) + facts;
  if (detail === undefined || detail === null || detail === "") {
    yield head;
    return;
  }
  const room = style.columns === null ? DETAIL_COLUMNS : style.columns - textWidth(head) - 2;
  if (room >= LEAST_DETAIL_COLUMNS) {
    yield `${head}  ${style.detail(detail, room)}`;
    return;
  }
  yield head;
  const under = Math.max(LEAST_DETAIL_COLUMNS, (style.columns ?? DETAIL_COLUMNS) - below.length);
  yield style.branch(below) + style.detail(detail, under);
}

const GAP = "  ";

/** As many facts as there is room for, but at least one, and the others. */
function brokenFacts(text: string, room: number): readonly [first: string, rest: string] {
  const facts = text.split(GAP);
  let kept = 1;
  while (kept < facts.length && textWidth(facts.slice(0, kept + 1).join(GAP)) <= room) kept += 1;
  return [facts.slice(0, kept).join(GAP), facts.slice(kept).join(GAP)];
}
