/** The invariants of a graph, checked over a finished one. */
import type { RolloutGraph } from "../rollout-graph.ts";
import { checkCallUses } from "./call-uses.ts";
import { checkClosings } from "./closings.ts";
import { checkConversation } from "./conversation.ts";
import { checkEdges } from "./edges.ts";
import { checkFindings } from "./findings.ts";
import { checkLinks } from "./links.ts";
import { type ObjectType, OBJECT_NAMES } from "./names.ts";
import { checkReferences } from "./references.ts";
import { checkRollout } from "./rollout.ts";
import { checkRuntime } from "./runtime.ts";
import { checkSight } from "./sight.ts";
import { checkUsage } from "./usage.ts";
import { Check, type GraphViolation, isEachOnce } from "./violations.ts";
import { checkWindows } from "./windows.ts";

const RULES: readonly ((check: Check) => void)[] = [
  checkRollout,
  checkObjects,
  checkReferences,
  checkLinks,
  checkWindows,
  checkClosings,
  checkCallUses,
  checkConversation,
  checkUsage,
  checkSight,
  checkRuntime,
  checkEdges,
  checkFindings,
];

/**
 * Every way in which `graph` is not a legal graph, rule by rule; empty for whatever a reducer returned. Checks that whatever
 * is named is there, that links go both ways, that windows are in order and end inside what they began in, that everything
 * has evidence, that each request can be expanded, that tokens add up, that what was seen was shown, that edges end somewhere,
 * that findings are true, and that nothing runs in a rollout that is over.
 * Costs the size of the graph.
 */
export function checkGraph(graph: RolloutGraph): readonly GraphViolation[] {
  const check = new Check(graph);
  for (const rule of RULES) {
    try {
      rule(check);
    } catch (error) {
      // What is no graph at all, by its type, is met anywhere.
      if (!(error instanceof TypeError)) throw error;
      const rollout = { type: "rollout", id: graph.rollout_id ?? "" } as const;
      check.holds(rollout, false, `it has not the shape of a graph: ${error.message}`);
    }
  }
  return check.violations;
}

/** What holds for every object: its key is its id, it has evidence, and its turn is of its thread. */
function checkObjects(check: Check): void {
  const elsewhere = new Set(
    check.graph.diagnostics
      .filter(({ code }) => code === "turn_thread_mismatch")
      .map(({ object }) => object?.id),
  );
  for (const type of Object.keys(OBJECT_NAMES) as ObjectType[]) {
    for (const [id, entry] of check.each(type)) {
      const object = { type, id };
      const { seqs, payload_ids: payloadIds } = entry.evidence;
      check.holds(object, Object.values(entry)[0] === id, "its key is not its id");
      check.holds(object, seqs.length > 0, "it has no evidence");
      check.holds(
        object,
        seqs.every((seq, index) => index === 0 || seq > (seqs[index - 1] ?? 0)),
        "its evidence is not in order",
      );
      check.holds(object, isEachOnce(payloadIds), "its evidence repeats a payload");
      const isOwnId = !("recorded_id" in entry) || isMade(id, entry.recorded_id);
      check.holds(object, isOwnId, "its id is not made of what was recorded");
      if (!("turn_id" in entry) || entry.turn_id === null || entry.thread_id === null) continue;
      const turn = check.get("turn", entry.turn_id);
      check.holds(
        object,
        turn === undefined || turn.thread_id === entry.thread_id || elsewhere.has(entry.turn_id),
        "its turn is of another thread",
      );
    }
  }
}

/** Whether an id is the one that was recorded, be it with a number behind. */
function isMade(id: string, recordedId: string): boolean {
  return (
    id === recordedId || (id.startsWith(`${recordedId}#`) && /^\d+$/.test(id.slice(recordedId.length + 1)))
  );
}
