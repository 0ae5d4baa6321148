/** What a recording lost: payloads that would have said where something came from. All text is untrusted. */
import type { RolloutGraph } from "@rollout-trace/reducer";

/** Why a payload cannot be read, as the reducer found; null for one that can. */
function problemOf(graph: RolloutGraph, payloadId: string): string | null {
  const found = graph.diagnostics.find(({ object }) => object?.type === "payload" && object.id === payloadId);
  return found?.message ?? null;
}

/** That a request cannot be read, in words; null for one that can. */
export function unreadableRequest(graph: RolloutGraph, inferenceCallId: string): string | null {
  const call = graph.inference_calls[inferenceCallId];
  if (call === undefined) return null;
  const problem = problemOf(graph, call.request_payload_id);
  return problem === null
    ? null
    : `the request at seq ${call.execution.started_seq} cannot be read: ${problem}`;
}

/** `what` is not known, and the last response of the agent up to `seq` that cannot be read, which may have said it. */
export function orUnreadResponse(
  graph: RolloutGraph,
  what: string,
  { threadId, seq }: { readonly threadId: string | null; readonly seq: number },
): string {
  const lost = Object.values(graph.inference_calls)
    .toReversed()
    .find(
      ({ thread_id, execution, response_payload_id: id }) =>
        thread_id === threadId &&
        execution.started_seq <= seq &&
        id !== null &&
        problemOf(graph, id) !== null,
    );
  const payloadId = lost?.response_payload_id ?? null;
  if (lost === undefined || payloadId === null) return what;
  const place = lost.execution.ended_seq === null ? "" : ` at seq ${lost.execution.ended_seq}`;
  return `${what}; the response${place} cannot be read: ${problemOf(graph, payloadId)}`;
}
