/** Gathers what is wrong with a graph, and how it is looked for. */
import type { Anchor, AnchorType } from "../base.ts";
import type { Collection, RolloutGraph } from "../rollout-graph.ts";
import { COLLECTIONS, type ObjectOf, type ObjectType } from "./names.ts";

/** What is wrong with one object of a graph; the graph as a whole is of type `rollout`. */
export interface GraphViolation {
  readonly object: Anchor;
  readonly message: string;
}

type Entries<Type extends ObjectType> = readonly (readonly [id: string, object: ObjectOf<Type>])[];

/** A graph and what has been found wrong with it. */
export class Check {
  readonly graph: RolloutGraph;
  readonly violations: GraphViolation[] = [];
  /** Every rule goes over the objects of some kind. */
  readonly #entries = new Map<ObjectType, Entries<ObjectType>>();

  constructor(graph: RolloutGraph) {
    this.graph = graph;
  }

  /** Undefined for an id that leads nowhere, which is a violation of its own, and for null. */
  get<Type extends ObjectType>(type: Type, id: string | null | undefined): ObjectOf<Type> | undefined {
    if (id === null || id === undefined) return undefined;
    const collection = this.graph[COLLECTIONS[type]] as Collection<ObjectOf<Type>>;
    return Object.hasOwn(collection, id) ? collection[id] : undefined;
  }

  each<Type extends ObjectType>(type: Type): Entries<Type> {
    const known = this.#entries.get(type);
    if (known !== undefined) return known as Entries<Type>;
    const entries = Object.entries(this.graph[COLLECTIONS[type]] as Collection<ObjectOf<Type>>);
    this.#entries.set(type, entries);
    return entries;
  }

  has(type: AnchorType, id: string): boolean {
    const name = COLLECTIONS[type];
    return name === null ? id === this.graph.rollout_id : Object.hasOwn(this.graph[name], id);
  }

  holds(object: Anchor, condition: boolean, message: string): void {
    if (!condition) this.violations.push({ object, message });
  }
}

export function isEachOnce(values: readonly unknown[]): boolean {
  return new Set(values).size === values.length;
}

export function isSameList(left: readonly unknown[], right: readonly unknown[]): boolean {
  return left.length === right.length && left.every((entry, index) => entry === right[index]);
}
