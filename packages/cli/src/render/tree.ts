/** A tree of lines with branches in front of them. */
import { textWidth } from "./width.ts";

/** One line and what hangs under it. `text` is styled and safe already; `detail` is recorded text that may be cut. */
export interface TreeNode {
  readonly text: string;
  /** Untrusted text shown after `text` or, on a narrow terminal, below it; cut to the room there is. */
  readonly detail?: string | null;
  /** A function makes them when their parent's line has been taken. */
  readonly children: readonly TreeNode[] | (() => readonly TreeNode[]);
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

/**
 * The lines of the trees, one after the other, down to a number of levels (default: all). Walks with a stack of its own:
 * agents may nest deeper than calls can.
 */
export function* treeLines(
  roots: Iterable<TreeNode>,
  style: TreeStyle,
  levels: number = Number.POSITIVE_INFINITY,
): Generator<string, void, undefined> {
  for (const root of roots) yield* linesOf(root, style, levels);
}

function* linesOf(root: TreeNode, style: TreeStyle, levels: number): Generator<string, void, undefined> {
  const stack = [{ node: root, lead: "", under: "", level: 1 }];
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, lead, under, level } = top;
    const children = level >= levels ? [] : childrenOf(node);
    const last = children.length - 1;
    const { head, below } = line(node, lead, style);
    yield head;
    if (below !== null) yield detailLine(below, under + (last >= 0 ? "│  " : "   "), style);
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

/** The line of a node; its recorded text comes on a line of its own where there is no room beside it. */
function line(
  node: TreeNode,
  lead: string,
  style: TreeStyle,
): { readonly head: string; readonly below: string | null } {
  const head = style.branch(lead) + node.text;
  if (node.detail === undefined || node.detail === null || node.detail === "") return { head, below: null };
  const room = style.columns === null ? DETAIL_COLUMNS : style.columns - textWidth(head) - 2;
  if (room < LEAST_DETAIL_COLUMNS) return { head, below: node.detail };
  return { head: `${head}  ${style.detail(node.detail, room)}`, below: null };
}

function detailLine(detail: string, lead: string, style: TreeStyle): string {
  const room = Math.max(LEAST_DETAIL_COLUMNS, (style.columns ?? DETAIL_COLUMNS) - lead.length);
  return style.branch(lead) + style.detail(detail, room);
}
