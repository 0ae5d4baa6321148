/** Runs one script in a session of its own. */
import type { CodeModeSessionProvider, ExecuteRequest, RuntimeResponse } from "@rollout-trace/protocol";
import { InProcessSessionProvider } from "../../src/index.ts";
import { RecordingHost, TOOLS } from "./recording-host.ts";

export interface ScriptRun {
  readonly response: RuntimeResponse;
  /** The texts that the script printed. */
  readonly texts: readonly string[];
  readonly host: RecordingHost;
}

export type RunScript = (source: string, more?: Partial<ExecuteRequest>) => Promise<ScriptRun>;

/** In process; one provider per test file, whose pool goes with the process. */
export const runScript: RunScript = scriptRunner(new InProcessSessionProvider({ abortGraceMs: 100 }));

export function scriptRunner(provider: CodeModeSessionProvider): RunScript {
  return async (source, more = {}) => await runIn(provider, source, more);
}

async function runIn(
  provider: CodeModeSessionProvider,
  source: string,
  more: Partial<ExecuteRequest>,
): Promise<ScriptRun> {
  const host = new RecordingHost();
  const session = await provider.createSession(host, { observer: host });
  const started = await session.execute({
    toolCallId: "call-exec",
    source,
    enabledTools: TOOLS,
    yieldTimeMs: 60_000,
    ...more,
  });
  const response = await started.initialResponse;
  await session.shutdown();
  const texts = response.contentItems.map((item) =>
    item.type === "input_text" ? item.text : item.image_url,
  );
  return { response, texts, host };
}
