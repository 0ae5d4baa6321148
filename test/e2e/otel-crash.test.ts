/** A host that dies in mid-turn: the spans that had started are in the store. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openSource } from "@rollout-trace/cli";
import { reduceRollout } from "@rollout-trace/reducer";
import { openTraceStore } from "@rollout-trace/trace";
import { ROOT } from "./run-demo.ts";

it("keeps the spans that had started when the host was killed, under the tool call that they ran in", async () => {
  const folder = mkdtempSync(join(tmpdir(), "otel-crash-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "killed.db");
  const host = spawn(
    process.execPath,
    ["--conditions=rollout-trace-source", "test/e2e/programs/otel-until-killed.ts", path],
    { cwd: ROOT, stdio: ["ignore", "pipe", "inherit"] },
  );
  onTestFinished(() => void host.kill("SIGKILL"));
  const [said] = (await once(host.stdout, "data")) as [Buffer];
  expect(said.toString()).toBe("ready\n");
  host.kill("SIGKILL");
  expect(await once(host, "close")).toEqual([null, "SIGKILL"]);
  // Whoever opens the store next says that the recording has stopped.
  openTraceStore({ path }).close();

  using source = openSource(path);
  const graph = reduceRollout(source.rollout, { mode: "strict" });
  const spans = Object.values(graph.spans);
  const [get] = spans;
  expect(graph.status).toBe("aborted");
  expect(
    spans.map(({ name, tool_call_id, turn_id, parent_span_id, execution }) => [
      name,
      tool_call_id,
      turn_id,
      parent_span_id === get?.span_id,
      execution.status,
      execution.end_cause,
    ]),
  ).toEqual([
    ["GET", "call", "turn", false, "aborted", "recording_stopped"],
    ["dns", "call", "turn", true, "completed", "observed"],
    ["connect", "call", "turn", true, "aborted", "recording_stopped"],
  ]);
  expect(get?.attributes).toEqual({
    "rollout_trace.tool_call_id": "call",
    "url.full": "http://example.test/",
  });
  expect(graph.tool_calls["call"]?.span_ids).toHaveLength(3);
});
