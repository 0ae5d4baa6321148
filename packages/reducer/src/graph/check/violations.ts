/** Gathers what is wrong with a graph, and how it is looked for. */
import type { Anchor, AnchorType, ExecutionWindow } from "../base.ts";
import type { Collection, RolloutGraph } from "../rollout-graph.ts";

export interface GraphViolation {
  readonly object: Anchor;
  readonly message: string;
}

/** Where objects of each kind are; null for kinds that have no collection. */
export const COLLECTIONS: { readonly [Type in AnchorType]: CollectionName | null } = {
  rollout: null,
  thread: "threads",
  turn: "turns",
  conversation_item: "conversation_items",
  inference_call: "inference_calls",
  tool_call: "tool_calls",
  code_cell: "code_cells",
  terminal_session: "terminal_sessions",
  terminal_operation: "terminal_operations",
  compaction: "compactions",
  compaction_request: "compaction_requests",
  interaction_edge: "interaction_edges",
  span: "spans",
  payload: "payloads",
};

/** The fields of a graph that are collections. */
type CollectionName = {
  [Name in keyof RolloutGraph]: RolloutGraph[Name] extends Collection<object> ? Name : never;
}[keyof RolloutGraph];

/** A graph and what has been found wrong with it. */
export class Check {
  readonly graph: RolloutGraph;
  readonly violations: GraphViolation[] = [];
  readonly #listed: Set<string> = new Set();

  constructor(graph: RolloutGraph) {
    this.graph = graph;
  }

  /** `ids` must all be objects of kind `type`. */
  refers(object: Anchor, type: AnchorType, ids: readonly (string | null)[]): void {
    const name = COLLECTIONS[type];
    if (name === null) return;
    const collection: Collection<unknown> = this.graph[name];
    for (const id of ids) {
      if (id !== null && collection[id] === undefined)
        this.fail(object, `refers to ${type} ${JSON.stringify(id)}`);
    }
  }

  holds(object: Anchor, condition: boolean, message: string): void {
    if (!condition) this.fail(object, message);
  }

  distinct(object: Anchor, name: string, ids: readonly string[]): void {
    this.holds(object, new Set(ids).size === ids.length, `${name} repeats an id`);
  }

  /**
   * Each of `ids` must be an object of kind `type` that says `object` is its owner. Every id that was so listed is counted,
   * so that `listed` can say who is missing.
   */
  lists(object: Anchor, type: AnchorType, { ids, ownerOf }: Listing): void {
    this.refers(object, type, ids);
    for (const id of ids) {
      this.#listed.add(key(type, id, object.id));
      this.holds(
        object,
        ownerOf(id) === object.id,
        `lists ${type} ${JSON.stringify(id)}, which belongs to another`,
      );
    }
  }

  /** The owner of `object`, if it has one, must list it. */
  isListed(object: Anchor, ownerId: string | null): void {
    if (ownerId === null) return;
    this.holds(
      object,
      this.#listed.has(key(object.type, object.id, ownerId)),
      `is not listed by ${JSON.stringify(ownerId)}, which it belongs to`,
    );
  }

  /** What began inside something ends inside it, unless that is only known to have been over when the rollout was. */
  nests(object: Anchor, inner: ExecutionWindow, outer: ExecutionWindow | undefined): void {
    if (outer === undefined || outer.ended_seq === null) return;
    if (outer.end_cause === "rollout_ended" || outer.end_cause === "recording_stopped") return;
    if (inner.started_seq < outer.started_seq || inner.started_seq > outer.ended_seq) return;
    const ended = inner.ended_seq ?? Number.POSITIVE_INFINITY;
    this.holds(object, ended <= outer.ended_seq, "it ended after what it began in");
  }

  fail(object: Anchor, message: string): void {
    this.violations.push({ object, message });
  }
}

/** Members of an object, and whose each member says it is. */
interface Listing {
  readonly ids: readonly string[];
  readonly ownerOf: (id: string) => string | null | undefined;
}

function key(type: AnchorType, id: string, ownerId: string): string {
  return JSON.stringify([type, id, ownerId]);
}
