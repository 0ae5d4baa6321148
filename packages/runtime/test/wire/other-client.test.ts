import { execFile, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { hostArguments } from "../../src/remote/host-command.ts";

const CLIENT = fileURLToPath(new URL("client.py", import.meta.url));
const hasPython = spawnSync("python3", ["--version"]).status === 0;

describe("a client in another language, written from the documentation", () => {
  it.runIf(hasPython)(
    `runs a cell, answers its calls, waits for it, and shuts down${hasPython ? "" : " (there is no python3)"}`,
    { timeout: 120_000 },
    async () => {
      const args = [CLIENT, process.execPath, ...hostArguments()];
      const { stdout } = await promisify(execFile)("python3", args, { timeout: 110_000 });
      const cell = (type: string, ...texts: string[]) => ({
        type,
        cellId: "1",
        contentItems: texts.map((text) => ({ type: "input_text", text })),
      });
      const call = (number: number, name: string, input: string) => ({
        cellId: "1",
        runtimeToolCallId: `tool-${number}`,
        toolName: { name },
        kind: "function",
        input: { name: input },
      });
      const { events, ...seen } = JSON.parse(stdout) as { readonly events: readonly string[] };
      // The wait begins while the script goes on; which comes first is nobody's business.
      expect(events.toSorted()).toEqual(
        [
          "cell_started",
          "nested_call_started",
          "nested_call_ended",
          "notification",
          "cell_initial_response",
          "nested_call_started",
          "wait_started",
          "nested_call_ended",
          "cell_ended",
          "wait_ended",
        ].toSorted(),
      );
      expect(seen).toEqual({
        host: "code-mode-host",
        calls: [call(1, "greet", "wörld"), call(2, "fail", "x")],
        notifications: ["half"],
        responses: {
          execute: { ok: true, value: cell("yielded", "grüße, wörld") },
          wait: { ok: true, value: { type: "live", response: cell("result", "no such luck") } },
          terminate: {
            ok: true,
            value: {
              type: "missing",
              response: { type: "result", cellId: "7", contentItems: [], errorText: "exec cell 7 not found" },
            },
          },
          shutdown: { ok: true, value: null },
        },
        ended: -9,
      });
    },
  );
});
