/** The shortest chain of recorded causes, each link seen in the evidence before it is followed. */
import type { RolloutSource } from "@rollout-trace/protocol";
import type { RolloutGraph } from "@rollout-trace/reducer";
import { eventsAt, type Quote, quoteEvent } from "../objects/evidence.ts";
import type { ObjectAnchor } from "../objects/graph-objects.ts";
import type { Cause, Proof } from "./cause.ts";
import { causesOf } from "./object-causes.ts";

/** From one object to its cause; `evidence` is what shows it. */
export interface Hop {
  readonly object: ObjectAnchor;
  readonly because: string;
  readonly cause: ObjectAnchor;
  readonly evidence: readonly Quote[];
}

/** Where a chain ends: at a user's message, at the host's own doing, or where the recording stops saying. */
export type ChainEnd =
  | { readonly type: "user" | "host"; readonly because: string; readonly evidence: readonly Quote[] }
  | { readonly type: "missing"; readonly what: string };

export interface Chain {
  readonly hops: readonly Hop[];
  /** The object that the last hop leads to. */
  readonly last: ObjectAnchor;
  readonly end: ChainEnd;
}

/** A chain that is the shortest to a user's message; without one, to the host's doing; without that, to the first gap. */
export function chainOf(graph: RolloutGraph, source: RolloutSource, anchor: ObjectAnchor): Chain {
  const seen = new Set([keyOf(anchor)]);
  let best: Chain | null = null;
  const queue: { readonly at: ObjectAnchor; readonly hops: readonly Hop[] }[] = [{ at: anchor, hops: [] }];
  for (let entry = queue.shift(); entry !== undefined; entry = queue.shift()) {
    const { at, hops } = entry;
    for (const cause of causesOf(graph, at)) {
      const step = follow(source, cause);
      if (step.type !== "object") {
        const chain = { hops, last: at, end: step };
        if (step.type === "user") return chain;
        if (best === null || (best.end.type === "missing" && step.type === "host")) best = chain;
      } else if (!seen.has(keyOf(step.to))) {
        seen.add(keyOf(step.to));
        const hop = { object: at, because: step.because, cause: step.to, evidence: step.evidence };
        queue.push({ at: step.to, hops: [...hops, hop] });
      }
    }
  }
  const circle: ChainEnd = {
    type: "missing",
    what: "a beginning: these objects are recorded as each other's cause",
  };
  return best ?? { hops: [], last: anchor, end: circle };
}

type Step =
  | {
      readonly type: "object";
      readonly because: string;
      readonly to: ObjectAnchor;
      readonly evidence: readonly Quote[];
    }
  | ChainEnd;

/** A cause with its evidence; one whose evidence does not show it is missing. */
function follow(source: RolloutSource, cause: Cause): Step {
  if (cause.type === "missing") return cause;
  const evidence: Quote[] = [];
  for (const proof of cause.proofs) {
    const shown = show(source, proof);
    if (typeof shown === "string") return { type: "missing", what: shown };
    evidence.push(shown);
  }
  return cause.type === "object"
    ? { type: "object", because: cause.because, to: cause.to, evidence }
    : { type: cause.type, because: cause.because, evidence };
}

/** Events looked at for one proof: an object's own are few; the first or the last of many says it. */
const LOOKED_AT = 16;

function show(source: RolloutSource, { seqs, sought }: Proof): Quote | string {
  const looked = seqs.slice(0, LOOKED_AT);
  const problems: string[] = [];
  for (const seq of looked) {
    const [event] = eventsAt(source, [seq]);
    if (event === undefined) {
      problems.push(`the event at seq ${seq}`);
      continue;
    }
    const quote = quoteEvent(source, event, sought);
    if (quote.matches) return quote;
    for (const { payload_id, problem } of quote.payloads) {
      if (problem !== null) problems.push(`payload ${payload_id} of seq ${seq} (${problem})`);
    }
  }
  if (problems.length > 0) return problems.join(", ");
  return `an event that shows it: ${looked.length === 0 ? "none is named" : `seq ${looked.join(", ")} does not`}`;
}

function keyOf({ type, id }: ObjectAnchor): string {
  return `${type} ${id}`;
}
