/** Lays two outlines beside each other and says what is different, the first divergence first. */
import { alignedPairs } from "./align.ts";
import type { Step } from "./outline.ts";

/** One difference. `path` leads from the rollout to the step, in words; untrusted. */
export interface Hunk {
  readonly kind: "added" | "removed" | "changed";
  readonly path: readonly string[];
  /** The step in each rollout; null where it has none. */
  readonly a: Step | null;
  readonly b: Step | null;
  /** What changed; for an added or removed step what it holds. */
  readonly fields: readonly FieldChange[];
}

export interface FieldChange {
  readonly name: string;
  readonly a: string | null;
  readonly b: string | null;
}

export function compare(a: Step, b: Step): readonly Hunk[] {
  const hunks: Hunk[] = [];
  compareSteps(a, b, [], hunks);
  return hunks.toSorted((left, right) => seqOf(left) - seqOf(right));
}

function seqOf({ a, b }: Hunk): number {
  return a?.seq ?? b?.seq ?? 0;
}

function compareSteps(a: Step, b: Step, path: readonly string[], hunks: Hunk[]): void {
  const fields = fieldChanges(a.fields, b.fields);
  if (fields.length > 0) hunks.push({ kind: "changed", path, a, b, fields });
  const names = numbered(a.children);
  const namesOfB = numbered(b.children);
  for (const [left, right] of alignedPairs(a.children, b.children)) {
    const name =
      (left === null ? null : names.get(left)) ?? (right === null ? null : namesOfB.get(right)) ?? "";
    const here = [...path, name];
    if (left !== null && right !== null) compareSteps(left, right, here, hunks);
    else if (left !== null) {
      hunks.push({ kind: "removed", path: here, a: left, b: null, fields: contents(left, "a") });
    } else if (right !== null) {
      hunks.push({ kind: "added", path: here, a: null, b: right, fields: contents(right, "b") });
    }
  }
}

function fieldChanges(
  a: ReadonlyMap<string, string>,
  b: ReadonlyMap<string, string>,
): readonly FieldChange[] {
  const names = new Set([...a.keys(), ...b.keys()]);
  return [...names].flatMap((name) => {
    const left = a.get(name) ?? null;
    const right = b.get(name) ?? null;
    return left === right ? [] : [{ name, a: left, b: right }];
  });
}

function contents(step: Step, side: "a" | "b"): readonly FieldChange[] {
  return [...step.fields]
    .filter(([, value]) => value !== "")
    .map(([name, value]) => ({ name, a: side === "a" ? value : null, b: side === "b" ? value : null }));
}

/** What each step is called among its siblings: its key, and which of several. */
function numbered(steps: readonly Step[]): ReadonlyMap<Step, string> {
  const totals = new Map<string, number>();
  for (const { key } of steps) totals.set(key, (totals.get(key) ?? 0) + 1);
  const counts = new Map<string, number>();
  return new Map(
    steps.map((step) => {
      const number = (counts.get(step.key) ?? 0) + 1;
      counts.set(step.key, number);
      const isOneOfMany =
        (totals.get(step.key) ?? 0) > 1 || step.key === "turn" || step.key === "model request";
      return [step, isOneOfMany ? `${step.key} ${number}` : step.key];
    }),
  );
}
