/**
 * What a JSON Schema says, in the terms of TypeScript: a small tree that is read once and printed once.
 *
 * A `$ref` stays a reference, so that reading ends for recursive schemas and a definition used a thousand times is read
 * once. Whether a target is printed in place or gets a name of its own is decided by how often it is used.
 */

export type TypeNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "array"; readonly item: TypeNode }
  | { readonly kind: "tuple"; readonly items: readonly TupleItem[]; readonly rest: TypeNode | null }
  | { readonly kind: "object"; readonly members: readonly ObjectMember[]; readonly index: TypeNode | null }
  | { readonly kind: "union" | "intersection"; readonly members: readonly TypeNode[] }
  | ReferenceNode;

export interface TupleItem {
  readonly type: TypeNode;
  readonly optional: boolean;
}

export interface ObjectMember {
  readonly key: string;
  readonly type: TypeNode;
  readonly optional: boolean;
  readonly description: string | null;
}

interface ReferenceNode {
  readonly kind: "reference";
  /** Changed only by `breakBareCycles`. */
  target: ReferenceTarget;
}

export interface ReferenceTarget {
  /** What its name is made from. */
  readonly hint: string;
  /** `unknown` until the target has been read. */
  node: TypeNode;
  /** References to it, the root's own place counted as one. From two on it is printed as a named type. */
  uses: number;
}

export const UNKNOWN: TypeNode = Object.freeze({ kind: "text", text: "unknown" });
export const NEVER: TypeNode = Object.freeze({ kind: "text", text: "never" });

/** One of `members`; what says nothing about the value makes the whole say nothing. */
export function unionOf(members: readonly TypeNode[]): TypeNode {
  const distinct = distinctTexts(members.filter((member) => member !== NEVER));
  if (distinct.includes(UNKNOWN)) return UNKNOWN;
  if (distinct.length <= 1) return distinct[0] ?? NEVER;
  return { kind: "union", members: distinct };
}

/** All of `members` at once; what says nothing adds nothing. */
export function intersectionOf(members: readonly TypeNode[]): TypeNode {
  const distinct = distinctTexts(members.filter((member) => member !== UNKNOWN));
  if (distinct.includes(NEVER)) return NEVER;
  if (distinct.length <= 1) return distinct[0] ?? UNKNOWN;
  return { kind: "intersection", members: distinct };
}

function distinctTexts(members: readonly TypeNode[]): TypeNode[] {
  const seen = new Set<string>();
  return members.filter((member) => {
    if (member.kind !== "text") return true;
    if (seen.has(member.text)) return false;
    seen.add(member.text);
    return true;
  });
}

/**
 * How a place is resolved by the compiler. `bare`: at once. `deferred`: when it is asked for, as everything inside an array
 * or a tuple. `stuck`: at once in spite of arrays and tuples around it, as everything in an optional or rest element of a
 * tuple. What is inside an object is always deferred.
 */
type Resolution = "bare" | "deferred" | "stuck";

/**
 * Makes `type A = A | null` and its longer forms legal: a reference that leads back to its own type before the compiler
 * defers says nothing about the value, or is refused all the same, so it becomes `unknown`.
 */
export function breakBareCycles(targets: Iterable<ReferenceTarget>): void {
  const open = new Set<ReferenceTarget>();
  const done = { bare: new Set<ReferenceTarget>(), stuck: new Set<ReferenceTarget>() };
  const visit = (target: ReferenceTarget, resolution: "bare" | "stuck"): void => {
    open.add(target);
    done[resolution].add(target);
    for (const found of eagerReferences(target.node, resolution)) {
      const next = found.reference.target;
      if (open.has(next)) {
        next.uses -= 1;
        found.reference.target = { hint: "", node: UNKNOWN, uses: 1 };
      } else if (!done[found.resolution].has(next)) {
        visit(next, found.resolution);
      }
    }
    open.delete(target);
  };
  for (const target of targets) if (!done.bare.has(target)) visit(target, "bare");
}

interface EagerReference {
  readonly reference: ReferenceNode;
  readonly resolution: "bare" | "stuck";
}

function eagerReferences(node: TypeNode, resolution: Resolution): readonly EagerReference[] {
  const inside = resolution === "stuck" ? "stuck" : "deferred";
  switch (node.kind) {
    case "reference":
      return resolution === "deferred" ? [] : [{ reference: node, resolution }];
    case "union":
    case "intersection":
      return node.members.flatMap((member) => eagerReferences(member, resolution));
    case "array":
      return eagerReferences(node.item, inside);
    case "tuple":
      return [
        ...node.items.flatMap((item) => eagerReferences(item.type, item.optional ? "stuck" : inside)),
        ...(node.rest === null ? [] : eagerReferences(node.rest, "stuck")),
      ];
    case "text":
    case "object":
      return [];
  }
}

/**
 * How many alternatives the compiler has to tell apart in `node`. An intersection multiplies those of its members, which
 * the compiler refuses to do without bound. Call after `breakBareCycles`; `known` keeps what was counted for a target, so
 * that definitions which use each other twice are not counted a thousand times.
 */
export function alternatives(node: TypeNode, known: Map<ReferenceTarget, number>): number {
  switch (node.kind) {
    case "union":
      return node.members.reduce((sum, member) => sum + alternatives(member, known), 0);
    case "intersection":
      return node.members.reduce((product, member) => product * alternatives(member, known), 1);
    case "reference": {
      const count = known.get(node.target) ?? alternatives(node.target.node, known);
      known.set(node.target, count);
      return count;
    }
    case "text":
      return node.text === "boolean" ? 2 : 1;
    case "array":
    case "tuple":
    case "object":
      return 1;
  }
}
