/** One step from an object towards the user: what the recording gives as its cause, and which events have to show it. */
import type { Sought } from "../objects/evidence.ts";
import type { ObjectAnchor } from "../objects/graph-objects.ts";

/** An event that has to show something; the first of `seqs` that does is the one to quote. */
export interface Proof {
  readonly seqs: readonly number[];
  readonly sought: Sought;
}

export type Cause =
  /** `because` reads between the two objects: "OBJECT was asked for by OBJECT". */
  | {
      readonly type: "object";
      readonly because: string;
      readonly to: ObjectAnchor;
      readonly proofs: readonly Proof[];
    }
  /** Nothing recorded lies before it: a user's message, or the host's own doing. */
  | { readonly type: "user" | "host"; readonly because: string; readonly proofs: readonly Proof[] }
  | { readonly type: "missing"; readonly what: string };

export function leads(because: string, to: ObjectAnchor, proofs: readonly Proof[]): Cause {
  return { type: "object", because, to, proofs };
}

export function missing(what: string): Cause {
  return { type: "missing", what };
}

/** Events that have to hold an id. */
export function proof(seqs: readonly number[], id: string): Proof {
  return { seqs, sought: { needles: [JSON.stringify(id)], pick: "last" } };
}
