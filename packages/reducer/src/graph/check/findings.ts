/** A finding is true of what it is about. */
import type { FindingCode } from "../../findings/finding.ts";
import type { AnchorType } from "../base.ts";
import type { ToolCall } from "../tool-call.ts";
import { cellOf } from "./links.ts";
import type { Check } from "./violations.ts";

interface Truth {
  readonly of: AnchorType;
  /** Whether it is true as far as the graph says; `id` is that of an object that there is. */
  readonly holds: (check: Check, id: string) => boolean;
}

/** Those that are about what is no part of the graph hold of every object of their kind. */
const TRUTHS: { readonly [Code in FindingCode]: Truth } = {
  cell_never_observed: {
    of: "code_cell",
    holds: (check, id) => {
      const cell = check.get("code_cell", id);
      return isOver(check) && cell?.initial_response?.status === "yielded" && cell.waits.length === 0;
    },
  },
  tool_result_never_seen: ofCall(({ requester, execution, visibility }, check) => {
    const hasReturned = requester.type === "model" && execution.status === "completed";
    return isOver(check) && hasReturned && !visibility.seen_by_model;
  }),
  nested_call_not_awaited: ofCall((call, check) => {
    const cell = check.get("code_cell", cellOf(call));
    return isClosedByCell(call) && cell?.runtime_status === "completed";
  }),
  tool_call_never_ended: ofCall((call) => {
    const { end_cause: cause } = call.execution;
    return cause !== null && cause !== "observed" && !isClosedByCell(call);
  }),
  edge_never_delivered: {
    of: "interaction_edge",
    holds: (check, id) => isOver(check) && check.get("interaction_edge", id)?.target === null,
  },
  accepted_item_never_seen: { of: "thread", holds: isOver },
  output_truncated: ofCall(({ visibility: { produced_bytes: produced, to_requester_bytes: returned } }) => {
    return produced !== null && returned !== null && returned < produced;
  }),
  repeated_identical_call: ofCall(({ turn_id }) => turn_id !== null),
  context_shrank_without_compaction: { of: "inference_call", holds: () => true },
};

export function checkFindings(check: Check): void {
  const told = new Set<string>();
  for (const { code, object, message } of check.graph.findings) {
    const { of, holds } = TRUTHS[code];
    const isTrue = object.type === of && (!check.has(of, object.id) || holds(check, object.id));
    check.holds(object, isTrue, `its finding ${code} is not true`);
    const finding = JSON.stringify([code, object, message]);
    check.holds(object, !told.has(finding), `its finding ${code} is there twice`);
    told.add(finding);
  }
}

function ofCall(holds: (call: ToolCall, check: Check) => boolean): Truth {
  return {
    of: "tool_call",
    holds: (check, id) => {
      const call = check.get("tool_call", id);
      return call !== undefined && holds(call, check);
    },
  };
}

function isClosedByCell({ execution, recorded_end_cause: cause }: ToolCall): boolean {
  return execution.end_cause === "cell_ended" || cause === "cell_ended";
}

function isOver({ graph }: Check): boolean {
  return graph.status !== "running";
}
