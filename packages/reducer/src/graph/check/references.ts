/** Whatever is named is there, once in each list, and what an object names is in its evidence. */
import type { Anchor, AnchorType } from "../base.ts";
import { eachName, GRAPH_NAMES, nameTree, type NameTree, OBJECT_NAMES, type ObjectType } from "./names.ts";
import { type Check, isEachOnce } from "./violations.ts";

type Fields = readonly (readonly [field: string, NameTree])[];

const OBJECT_FIELDS = Object.entries(OBJECT_NAMES).map(
  ([type, names]) => [type as ObjectType, nameTree(names) as Fields] as const,
);
const GRAPH_FIELDS = nameTree(GRAPH_NAMES) as Fields;

/** What a part of a body names is where the same content was read first, which may have been for another item. */
const WITHOUT_EVIDENCE: readonly string[] = ["body", "evidence"];

export function checkReferences(check: Check): void {
  const { graph } = check;
  const rollout = { type: "rollout", id: graph.rollout_id ?? "" } as const;
  for (const [field, names] of GRAPH_FIELDS) checkField(check, rollout, { value: graph, field, names });
  for (const [type, fields] of OBJECT_FIELDS) {
    for (const [id, value] of check.each(type)) {
      const object = { type, id };
      const payloadIds = new Set(value.evidence.payload_ids);
      for (const [field, names] of fields) {
        checkField(check, object, {
          value,
          field,
          names,
          evidence: WITHOUT_EVIDENCE.includes(field) ? null : payloadIds,
        });
      }
    }
  }
}

interface CheckedField {
  readonly value: object;
  readonly field: string;
  readonly names: NameTree;
  /** The payloads that are evidence of the object; null where the field need not be evidenced. Default null. */
  readonly evidence?: ReadonlySet<string> | null;
}

function checkField(
  check: Check,
  object: Anchor,
  { value, field, names, evidence = null }: CheckedField,
): void {
  const named = (value as Readonly<Record<string, unknown>>)[field];
  eachName(named, names, (type: AnchorType, id: string) => {
    check.holds(
      object,
      check.has(type, id),
      `its ${field} names ${type} ${JSON.stringify(id)}, which there is not`,
    );
    if (type !== "payload" || evidence === null) return;
    check.holds(
      object,
      evidence.has(id),
      `its ${field} names payload ${JSON.stringify(id)}, which is not in its evidence`,
    );
  });
  // A call may be told of the same payload twice, and a response may say what it has one id for twice.
  const mayRepeat = names === "payload" || field === "response_item_ids";
  if (Array.isArray(named) && typeof names === "string" && !mayRepeat) {
    check.holds(object, isEachOnce(named), `its ${field} repeats an id`);
  }
}
