/**
 * Which steps of two lists are the same step. Steps that are equal throughout are laid beside each other first, in order;
 * between them, what has the same key is paired as changed, and the rest was added or removed. So a step that is put in or
 * taken out moves nothing else.
 */
import { hash } from "node:crypto";
import type { Step } from "./outline.ts";

export type Pair = readonly [Step | null, Step | null];

/** Cells of the table for which the longest common sequence is worked out; beyond it, lists are paired from both ends only. */
const TABLE_CELLS = 4_000_000;

export function alignedPairs(a: readonly Step[], b: readonly Step[]): readonly Pair[] {
  const anchors = commonSequence(a.map(signatureOf), b.map(signatureOf));
  const pairs: Pair[] = [];
  let nextA = 0;
  let nextB = 0;
  for (const [indexA, indexB] of [...anchors, [a.length, b.length] as const]) {
    pairs.push(...pairedByKey(a.slice(nextA, indexA), b.slice(nextB, indexB)));
    const left = a[indexA];
    const right = b[indexB];
    if (left !== undefined && right !== undefined) pairs.push([left, right]);
    nextA = indexA + 1;
    nextB = indexB + 1;
  }
  return pairs;
}

function pairedByKey(a: readonly Step[], b: readonly Step[]): readonly Pair[] {
  const pairs: Pair[] = [];
  let nextA = 0;
  let nextB = 0;
  const keys = commonSequence(
    a.map((step) => step.key),
    b.map((step) => step.key),
  );
  for (const [indexA, indexB] of [...keys, [a.length, b.length] as const]) {
    for (const step of a.slice(nextA, indexA)) pairs.push([step, null]);
    for (const step of b.slice(nextB, indexB)) pairs.push([null, step]);
    const left = a[indexA];
    const right = b[indexB];
    if (left !== undefined && right !== undefined) pairs.push([left, right]);
    nextA = indexA + 1;
    nextB = indexB + 1;
  }
  return pairs;
}

const signatures = new WeakMap<Step, string>();

/** Equal for steps that are equal in everything under them. Ids and times are part of it unless they are ignored. */
function signatureOf(step: Step): string {
  const known = signatures.get(step);
  if (known !== undefined) return known;
  const whole = JSON.stringify([step.key, [...step.fields], step.children.map(signatureOf)]);
  const signature = hash("sha256", whole);
  signatures.set(step, signature);
  return signature;
}

/** The pairs of indices of a longest common sequence. */
function commonSequence(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a.at(-1 - end) === b.at(-1 - end)) end += 1;
  const middle = longest(a.slice(start, a.length - end), b.slice(start, b.length - end));
  return [
    ...Array.from({ length: start }, (_, index) => [index, index] as const),
    ...middle.map(([left, right]) => [left + start, right + start] as const),
    ...Array.from({ length: end }, (_, index) => [a.length - end + index, b.length - end + index] as const),
  ];
}

function longest(a: readonly string[], b: readonly string[]): readonly (readonly [number, number])[] {
  if (a.length === 0 || b.length === 0 || a.length * b.length > TABLE_CELLS) return [];
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (row: number, column: number): number => lengths[row * width + column] ?? 0;
  for (let row = a.length - 1; row >= 0; row -= 1) {
    for (let column = b.length - 1; column >= 0; column -= 1) {
      lengths[row * width + column] =
        a[row] === b[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const pairs: (readonly [number, number])[] = [];
  let row = 0;
  let column = 0;
  while (row < a.length && column < b.length) {
    if (a[row] === b[column]) {
      pairs.push([row, column]);
      row += 1;
      column += 1;
    } else if (at(row + 1, column) >= at(row, column + 1)) row += 1;
    else column += 1;
  }
  return pairs;
}
