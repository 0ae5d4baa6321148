/**
 * What the model said in a turn, and which of it the turn's result is.
 *
 * Hosts ask for more than the answer in a turn: a title, a summary of what is being done. So the result is the answer that says the
 * same; where none does, as a host may have shortened it, the last. Results are told of before or after the answers are recorded, and
 * few turns have any, so answers are put under their texts when a turn turns out to have a result.
 */
import { plainText } from "../conversation/normal-item.ts";
import { textKey } from "../conversation/text-key.ts";
import type { InferenceState } from "../state/call-state.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import type { ReducerState } from "../state/reducer-state.ts";
import type { TurnState } from "../state/thread-state.ts";

/** Takes note of an item that a response says. */
export function noteAnswer(item: TranscriptItem, turn: TurnState): void {
  if (!isAnswer(item)) return;
  turn.lastAnswer = item;
  turn.answers?.set(keyOf(item), item);
}

/** Puts the answers that a turn has so far under their texts. */
export function indexAnswers({ inferenceCalls }: ReducerState, turn: TurnState): void {
  if (turn.answers !== undefined) return;
  const answers = (turn.answers = new Map<string, TranscriptItem>());
  for (const id of turn.draft.inference_call_ids) {
    const call = inferenceCalls.byId.get(id);
    for (const item of call === undefined ? [] : saidBy(call)) {
      if (!isAnswer(item)) continue;
      const key = keyOf(item);
      // Responses may end in another order than their requests were sent in.
      if ((answers.get(key)?.shownSeq ?? 0) <= item.shownSeq) answers.set(key, item);
    }
  }
}

/** The answer that a result for a thread is. */
export function answerFor(
  { results, answers, lastAnswer }: TurnState,
  threadId: string,
): TranscriptItem | null {
  return answers?.get(results?.get(threadId)?.message ?? "") ?? lastAnswer;
}

function saidBy({ requestEnd, responseEnd }: InferenceState): readonly TranscriptItem[] {
  const items: TranscriptItem[] = [];
  for (let node = responseEnd; node !== null && node !== requestEnd; node = node.parent) {
    if (node.item !== null) items.push(node.item);
  }
  return items.toReversed();
}

function isAnswer({ normal: { kind, role, agentMessage } }: TranscriptItem): boolean {
  return kind === "message" && role === "assistant" && agentMessage === null;
}

function keyOf({ normal }: TranscriptItem): string {
  return textKey(plainText(normal.parts));
}
