/** What a model, a tool server and the other end of a pipe send to code mode. */
import { stripTypeScriptTypes } from "node:module";
import type { JsonValue, ToolDefinition } from "@rollout-trace/protocol";
import { CodeModeError } from "@rollout-trace/runtime";
import {
  parseExecArguments,
  parseExecSource,
  parseWaitArguments,
  renderDeclarations,
} from "@rollout-trace/runtime/tools";
import fc from "fast-check";
import { decodeMessage } from "../../../packages/runtime/src/wire/decode-message.ts";
import { encodeFrames, encodeJson, FrameDecoder } from "../../../packages/runtime/src/wire/frame-codec.ts";
import { type HostMessage, hostMessageChecks } from "../../../packages/runtime/src/wire/host-messages.ts";
import { CodeModeHost } from "../../../packages/runtime/src/host/host.ts";
import { hello } from "../../../packages/runtime/src/wire/hello.ts";
import { CLIENT_FRAMES, HOST_FRAMES } from "./frame-seeds.ts";
import { hostileText, mutated, textEdits, withTextEdits } from "../mutation.ts";
import { type FuzzTarget, fuzzTarget, hold } from "../target.ts";

const MAX_DELAY = 2 ** 31 - 1;
/** Long enough to quote what was wrong. */
const MAX_REFUSAL = 10_000;

const optionLine = fc
  .tuple(
    mutated([{ yield_time_ms: 1000, max_output_tokens: 10 }, { yield_time_ms: 1 }]),
    textEdits,
    hostileText,
  )
  .map(([options, edits, rest]) => `// @exec: ${withTextEdits(JSON.stringify(options), edits)}\n${rest}`);
const sources = fc.oneof(
  hostileText,
  optionLine,
  fc.tuple(optionLine, textEdits).map(([line, edits]) => withTextEdits(line, edits)),
);
const jsonArguments = fc
  .tuple(
    mutated([{ source: "text(1)" }, { cell_id: "1", yield_time_ms: 5, max_tokens: 10, terminate: true }]),
    textEdits,
  )
  .map(([value, edits]) => withTextEdits(JSON.stringify(value), edits));

const execSource = fuzzTarget({
  name: "exec-source",
  inputs: fc.tuple(sources, jsonArguments),
  check: ([source, json]) => {
    const exec = refusable(() => parseExecSource(source));
    if (exec !== null) {
      hold(exec.source === source, "the source is what was passed");
      within(exec.yieldTimeMs, 0, MAX_DELAY);
      within(exec.maxOutputTokens, 1, Number.MAX_SAFE_INTEGER);
    }
    refusable(() => parseExecArguments(json));
    const wait = refusable(() => parseWaitArguments(json));
    if (wait !== null) {
      hold(typeof wait.cellId === "string", "a cell id is a string");
      within(wait.yieldTimeMs, 0, MAX_DELAY);
      within(wait.maxOutputTokens, 1, Number.MAX_SAFE_INTEGER);
    }
  },
});

function refusable<Value>(parse: () => Value): Value | null {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof CodeModeError) || error.code !== "invalid_request") throw error;
    hold(error.message.length > 0 && error.message.length < MAX_REFUSAL, "a refusal says why, and not more");
    return null;
  }
}

function within(value: number | undefined, least: number, most: number): void {
  if (value === undefined) return;
  hold(
    Number.isSafeInteger(value) && value >= least && value <= most,
    `${value} is from ${least} to ${most}`,
  );
}

const SCHEMAS: readonly JsonValue[] = [
  {
    type: "object",
    properties: { path: { type: "string", description: "where" }, "odd key": { enum: ["a", 1, null] } },
    required: ["path"],
  },
  {
    anyOf: [{ type: "string" }, { $ref: "#/$defs/node" }],
    $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } },
  },
  {
    type: "array",
    prefixItems: [{ const: "x" }, { type: ["number", "null"] }],
    items: { allOf: [{ type: "object" }, { additionalProperties: { type: "integer" } }] },
  },
  {
    type: "object",
    properties: {
      content: { type: "array", items: { type: "object" } },
      isError: { type: "boolean" },
      _meta: { type: "object" },
      structuredContent: { oneOf: [{ type: "string" }, { type: "array" }] },
    },
  },
];
const tool = fc.record({
  name: hostileText,
  namespace: fc.option(hostileText),
  description: hostileText,
  freeform: fc.boolean(),
  input: fc.option(mutated(SCHEMAS)),
  output: fc.option(mutated(SCHEMAS)),
});

const declarations = fuzzTarget({
  name: "declarations",
  inputs: fc.array(tool, { maxLength: 4 }) as fc.Arbitrary<JsonValue>,
  check: (tools) => {
    const text = renderDeclarations((tools as unknown as readonly FuzzedTool[]).map(definition));
    // Parses TypeScript and throws for what is none.
    stripTypeScriptTypes(text, { mode: "strip" });
    hold(text.endsWith("declare const tools: Tools;"), "nothing in a tool ends the text early");
  },
});

interface FuzzedTool {
  readonly name: string;
  readonly namespace: string | null;
  readonly description: string;
  readonly freeform: boolean;
  readonly input: JsonValue;
  readonly output: JsonValue;
}

function definition({ name, namespace, description, freeform, input, output }: FuzzedTool): ToolDefinition {
  return {
    name,
    toolName: namespace === null ? { name } : { name, namespace },
    description,
    kind: freeform ? "freeform" : "function",
    ...(input !== null && { inputSchema: input }),
    ...(output !== null && { outputSchema: output }),
  };
}

const messages = (seeds: readonly unknown[]): fc.Arbitrary<[JsonValue, [number, number, string][]][]> =>
  fc.array(
    fc.tuple(mutated(seeds as readonly JsonValue[], 3), textEdits) as fc.Arbitrary<
      [JsonValue, [number, number, string][]]
    >,
    { maxLength: 6 },
  );

const frames = fuzzTarget({
  name: "frames",
  inputs: fc.tuple(messages(CLIENT_FRAMES), messages(HOST_FRAMES)),
  check: async (both) => {
    const [toHost, toClient] = both as unknown as readonly (readonly [
      JsonValue,
      [number, number, string][],
    ][])[];
    let said = "";
    const host = new CodeModeHost({
      write: (bytes) => void (said += bytes.toString("latin1")),
      end: () => undefined,
      log: () => undefined,
    });
    host.start();
    host.receive(encodeFrames([encodeJson(hello("fuzzer"))]));
    for (const message of toHost ?? []) host.receive(bytesOf(message));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    hold(said.includes("hello") || said.includes("refused"), "a host greets or refuses");
    const decoder = new FrameDecoder((frame) => {
      if (frame.type === "frame") decodeMessage<HostMessage>(frame.json, hostMessageChecks);
    });
    for (const message of toClient ?? []) decoder.push(bytesOf(message));
  },
});

/** A frame around text that may be no JSON any more; the length is right, and the bytes come in whole. */
function bytesOf([value, edits]: readonly [JsonValue, [number, number, string][]]): Buffer {
  const text = Buffer.from(withTextEdits(JSON.stringify(value), edits), "utf8");
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return Buffer.concat([length, text]);
}

export const CODE_MODE_TARGETS: readonly FuzzTarget[] = [execSource, declarations, frames];
