/** A log or two of each format, as the lines that are mutated: short, with a bit of everything that the importer looks at. */
import type { JsonValue } from "@rollout-trace/protocol";
import { CHILD, LogBuilder } from "../../../packages/cli/test/sources/codex-log/log-builder.ts";
import type { LogFormatName } from "../../../packages/cli/src/sources/source-format.ts";

const parsed = (text: string): readonly JsonValue[] =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as JsonValue);

const CODEX_SHORT = new LogBuilder().meta().begin("t1").user("hello").says("done").tokens(5).end("t1");
const CODEX = new LogBuilder()
  .meta()
  .begin("t1")
  .user("hello")
  .exec("await tools.exec_command({cmd: 'ls'})", "c1")
  .tokens(10)
  .cellOutput("c1", "Script running with cell ID 1", "x")
  .call("wait", { cell_id: "1" }, "c2")
  .cellOutput("c2", "Script completed")
  .call("spawn_agent", { task_name: "scout", message: "look" }, "c3")
  .event("sub_agent_activity", { event_id: "c3", agent_thread_id: CHILD, agent_path: "/root/scout" })
  .output("c3", '{"task_name":"/root/scout"}')
  .call("exec_command", { cmd: "sleep 1" }, "c4")
  .output("c4", "Process running with session ID 17\nOutput:\n")
  .call("write_stdin", { session_id: 17, chars: "y" }, "c5")
  .output("c5", "Process exited with code 0\nOutput:\n")
  .add("compacted", {
    message: "",
    replacement_history: [{ type: "message", role: "user", content: "short" }],
  })
  .event("thread_rolled_back", { num_turns: 1 })
  .says("done")
  .event("turn_aborted", { turn_id: "t1", reason: "interrupted" });

const SESSION = "11111111-2222-4333-8444-555555555555";
let entries = 0;

function entry(type: string, more: object): JsonValue {
  entries += 1;
  return {
    type,
    sessionId: SESSION,
    uuid: `u${entries}`,
    parentUuid: entries === 1 ? null : `u${entries - 1}`,
    timestamp: new Date(Date.UTC(2026, 0, 1) + entries * 10).toISOString(),
    cwd: "/w",
    version: "2.1.100",
    isSidechain: false,
    ...more,
  };
}

const says = (id: string, content: readonly object[]): JsonValue =>
  entry("assistant", {
    requestId: `req-${id}`,
    message: {
      id,
      type: "message",
      role: "assistant",
      model: "m",
      content,
      stop_reason: null,
      usage: { input_tokens: 5, output_tokens: 2, cache_read_input_tokens: 1 },
    },
  });

const CLAUDE: readonly JsonValue[] = [
  { type: "summary", summary: "weather", leafUuid: "u1" },
  entry("user", { message: { role: "user", content: "How is it?" } }),
  says("msg_1", [{ type: "thinking", thinking: "hm", signature: "s" }]),
  says("msg_1", [{ type: "text", text: "I look." }]),
  says("msg_1", [{ type: "tool_use", id: "toolu_1", name: "Bash", input: { command: "ls" } }]),
  entry("user", {
    message: { role: "user", content: [{ type: "tool_result", tool_use_id: "toolu_1", content: "a" }] },
    toolUseResult: { stdout: "a", stderr: "", interrupted: false },
  }),
  says("msg_2", [
    {
      type: "tool_use",
      id: "toolu_2",
      name: "Task",
      input: { description: "d", prompt: "p", subagent_type: "x" },
    },
  ]),
  entry("user", { isSidechain: true, agentId: "a1", message: { role: "user", content: "p" } }),
  entry("user", {
    message: {
      role: "user",
      content: [
        {
          type: "tool_result",
          tool_use_id: "toolu_2",
          content: [{ type: "text", text: "done" }],
          is_error: false,
        },
      ],
    },
    toolUseResult: { agentId: "a1", status: "completed", content: [{ type: "text", text: "done" }] },
  }),
  entry("system", {
    subtype: "compact_boundary",
    content: "compacted",
    compactMetadata: { trigger: "auto", preTokens: 100 },
  }),
  entry("user", { isCompactSummary: true, message: { role: "user", content: "what was" } }),
  entry("attachment", { attachment: { type: "queued_command", prompt: "and?" } }),
  says("msg_3", [{ type: "text", text: "It is fine." }]),
  entry("user", {
    message: { role: "user", content: [{ type: "text", text: "[Request interrupted by user]" }] },
  }),
];

const attribute = (key: string, value: string | number): JsonValue => ({
  key,
  value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value },
});

const span = (
  id: string,
  parent: string | null,
  name: string,
  attributes: readonly JsonValue[],
): JsonValue => ({
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: id.padStart(16, "0"),
  ...(parent !== null && { parentSpanId: parent.padStart(16, "0") }),
  name,
  kind: 3,
  startTimeUnixNano: `17500000000000000${id}`.padEnd(19, "0"),
  endTimeUnixNano: `17500000010000000${id}`.padEnd(19, "0"),
  attributes,
  status: { code: 1 },
});

const MESSAGES = JSON.stringify([{ role: "user", parts: [{ type: "text", content: "How is it?" }] }]);
const OTLP: JsonValue = {
  resourceSpans: [
    {
      resource: { attributes: [attribute("service.name", "host")] },
      scopeSpans: [
        {
          scope: { name: "agents" },
          spans: [
            span("1", null, "invoke_agent root", [
              attribute("gen_ai.operation.name", "invoke_agent"),
              attribute("gen_ai.agent.name", "root"),
              attribute("gen_ai.conversation.id", "conversation-1"),
            ]),
            span("2", "1", "chat m", [
              attribute("gen_ai.operation.name", "chat"),
              attribute("gen_ai.request.model", "m"),
              attribute("gen_ai.provider.name", "openai"),
              attribute("gen_ai.input.messages", MESSAGES),
              attribute(
                "gen_ai.output.messages",
                JSON.stringify([
                  {
                    role: "assistant",
                    parts: [{ type: "tool_call", id: "c1", name: "look", arguments: {} }],
                  },
                ]),
              ),
              attribute("gen_ai.usage.input_tokens", 10),
            ]),
            span("3", "1", "execute_tool look", [
              attribute("gen_ai.operation.name", "execute_tool"),
              attribute("gen_ai.tool.name", "look"),
              attribute("gen_ai.tool.call.id", "c1"),
              attribute("gen_ai.tool.call.result", "sun"),
            ]),
          ],
        },
      ],
    },
  ],
};
const OPEN_INFERENCE: JsonValue = {
  name: "llm",
  context: { trace_id: "t1", span_id: "s1" },
  parent_id: null,
  start_time: "2026-01-01T00:00:00Z",
  end_time: "2026-01-01T00:00:01Z",
  attributes: {
    "openinference.span.kind": "LLM",
    "llm.model_name": "m",
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "hi",
    "llm.output_messages.0.message.content": "ho",
  },
};

export const LOG_SEEDS: { readonly [Name in LogFormatName]: readonly (readonly JsonValue[])[] } = {
  "codex-log": [parsed(CODEX_SHORT.text()), parsed(CODEX.text())],
  "claude-code": [CLAUDE.slice(1, 4), CLAUDE],
  otlp: [[OPEN_INFERENCE], [OTLP], [OTLP, OPEN_INFERENCE]],
};
