/** A session's spans as a `RolloutSource`. */
import type { RolloutSource } from "@rollout-trace/protocol";
import { literalDocument } from "../log/document.ts";
import { type LogDraft, logRollout } from "../log/log-rollout.ts";
import type { TraceSession } from "./sessions.ts";
import type { Say } from "./say.ts";
import { SpanTranslation } from "./translate.ts";

export function openTraces(session: TraceSession): RolloutSource {
  let sayings: readonly Say[] | null = null;
  return logRollout({
    rolloutId: session.rolloutId,
    *drafts(add): Generator<LogDraft, void, undefined> {
      const { startedTimeUs: timeUs } = session;
      for (const problem of session.problems) yield { type: "problem", timeUs, problem };
      sayings ??= new SpanTranslation(session).say();
      for (const say of sayings) {
        const payload = say.make((id, kind, value) => add(id, kind, literalDocument(value)));
        yield { type: "event", timeUs: say.timeUs, threadId: say.threadId, turnId: say.turnId, payload };
      }
    },
  });
}
