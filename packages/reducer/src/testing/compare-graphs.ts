/** Where two stable graphs differ, in the order of the graph. */
import { isJsonObject, type JsonValue } from "@rollout-trace/protocol";
import { cutToCodePoints } from "../conversation/normal-item.ts";

/** `path` leads from the graph to the place; names of objects are single steps. */
export type GraphDifference = { readonly path: readonly string[] } & (
  | { readonly type: "missing"; readonly expected: JsonValue }
  | { readonly type: "unexpected"; readonly actual: JsonValue }
  | { readonly type: "changed"; readonly expected: JsonValue; readonly actual: JsonValue }
);

/** Longer lists are compared place by place: aligning them costs the product of their lengths. */
const MAX_ALIGNED = 2_000;

/** Everything that differs. Objects are compared by key; lists are aligned, so that what was put in is all that differs. */
export function compareGraphs(expected: JsonValue, actual: JsonValue): readonly GraphDifference[] {
  const differences: GraphDifference[] = [];
  compare([], expected, actual, differences);
  return differences;
}

/** One difference a line, at most `limit` of them and how many more there are. */
export function describeDifferences(differences: readonly GraphDifference[], limit = 20): string {
  const lines = differences.slice(0, limit).map(lineOf);
  const rest = differences.length - lines.length;
  return [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join("\n");
}

function lineOf(difference: GraphDifference): string {
  const place = difference.path.join(" › ");
  switch (difference.type) {
    case "missing":
      return `- ${place}: missing ${shown(difference.expected)}`;
    case "unexpected":
      return `+ ${place}: unexpected ${shown(difference.actual)}`;
    case "changed":
      return `~ ${place}: ${shown(difference.actual)} instead of ${shown(difference.expected)}`;
  }
}

/** Code points of a value in a line. */
const SHOWN = 160;

function shown(value: JsonValue): string {
  return cutToCodePoints(JSON.stringify(value), SHOWN);
}

function compare(
  path: readonly string[],
  expected: JsonValue,
  actual: JsonValue,
  out: GraphDifference[],
): void {
  if (expected === actual) return;
  if (isArray(expected) && isArray(actual)) compareLists(path, expected, actual, out);
  else if (isJsonObject(expected) && isJsonObject(actual)) {
    for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
      const [before, after] = [own(expected, key), own(actual, key)];
      if (before === undefined && after !== undefined) {
        out.push({ type: "unexpected", path: [...path, key], actual: after });
      } else if (before !== undefined && after === undefined) {
        out.push({ type: "missing", path: [...path, key], expected: before });
      } else if (before !== undefined && after !== undefined) compare([...path, key], before, after, out);
    }
  } else out.push({ type: "changed", path, expected, actual });
}

function own(object: { readonly [key: string]: JsonValue }, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function compareLists(
  path: readonly string[],
  expected: readonly JsonValue[],
  actual: readonly JsonValue[],
  out: GraphDifference[],
): void {
  if (expected.length === actual.length || expected.length + actual.length > MAX_ALIGNED) {
    for (let index = 0; index < Math.max(expected.length, actual.length); index += 1) {
      const [before, after] = [expected[index], actual[index]];
      const place = [...path, `${index + 1}`];
      if (before === undefined) out.push({ type: "unexpected", path: place, actual: after ?? null });
      else if (after === undefined) out.push({ type: "missing", path: place, expected: before });
      else compare(place, before, after, out);
    }
    return;
  }
  const [befores, afters] = [expected.map(textOf), actual.map(textOf)];
  const lengths = commonLengths(befores, afters);
  for (let [left, right] = [0, 0]; left < befores.length || right < afters.length;) {
    if (left < befores.length && right < afters.length && befores[left] === afters[right]) {
      left += 1;
      right += 1;
    } else if (
      right < afters.length &&
      (left === befores.length || at(lengths, left, right + 1) > at(lengths, left + 1, right))
    ) {
      out.push({ type: "unexpected", path: [...path, `${right + 1}`], actual: actual[right] ?? null });
      right += 1;
    } else {
      out.push({ type: "missing", path: [...path, `${left + 1}`], expected: expected[left] ?? null });
      left += 1;
    }
  }
}

/** How long the longest common subsequence of what is left of two lists is, for every two places in them. */
function commonLengths(left: readonly string[], right: readonly string[]): readonly number[][] {
  const lengths = Array.from({ length: left.length + 1 }, () => right.map(() => 0));
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      const line = lengths[row] as number[];
      line[column] =
        left[row] === right[column]
          ? at(lengths, row + 1, column + 1) + 1
          : Math.max(at(lengths, row + 1, column), at(lengths, row, column + 1));
    }
  }
  return lengths;
}

function at(lengths: readonly number[][], row: number, column: number): number {
  return lengths[row]?.[column] ?? 0;
}

function textOf(value: JsonValue): string {
  return JSON.stringify(value);
}

function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}
