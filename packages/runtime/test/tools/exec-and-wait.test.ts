import { CodeModeError } from "../../src/errors.ts";
import { parseExecArguments, parseExecSource } from "../../src/tools/exec-source.ts";
import { buildExecTool } from "../../src/tools/exec-tool.ts";
import { buildWaitTool, parseWaitArguments } from "../../src/tools/wait-tool.ts";
import fc from "fast-check";
import { expect, test } from "vitest";

function refusal(run: () => unknown): { code: string; message: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof CodeModeError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error("nothing was refused");
}

test("exec is a custom tool with a grammar, or a function tool with one string", () => {
  const custom = buildExecTool([]);
  const plain = buildExecTool([], { style: "function", name: "run", waitName: "go_on" });
  expect({ ...custom, description: "", format: { ...custom.format, definition: "" } }).toEqual({
    type: "custom",
    name: "exec",
    description: "",
    format: { type: "grammar", syntax: "lark", definition: "" },
  });
  expect({ ...plain, description: "" }).toEqual({
    type: "function",
    name: "run",
    description: "",
    strict: true,
    parameters: {
      type: "object",
      properties: { source: { type: "string", description: "The JavaScript to run." } },
      required: ["source"],
      additionalProperties: false,
    },
  });
  expect(plain.description).toContain("passed to go_on.");
});

test("the grammar takes an option line and any JavaScript, and no empty text", () => {
  const rules = new Map(
    buildExecTool([])
      .format.definition.trim()
      .split("\n")
      .map((rule) => rule.split(/: (.*)/s) as [string, string]),
  );
  expect(rules.get("start")).toBe("(OPTIONS NEWLINE)? SOURCE");
  const terminal = (name: string): string => (rules.get(name) ?? "").slice(1, -1);
  const grammar = new RegExp(
    `^(?:(?:${terminal("OPTIONS")})(?:${terminal("NEWLINE")}))?(?:${terminal("SOURCE")})$`,
    "u",
  );
  const optionLine = new RegExp(`^(?:${terminal("OPTIONS")})$`, "u");
  expect(optionLine.test('// @exec: {"yield_time_ms": 1}')).toBe(true);
  expect(optionLine.test("// @exec: 5")).toBe(false);
  expect(grammar.test("")).toBe(false);
  fc.assert(fc.property(fc.string({ unit: "binary", minLength: 1 }), (source) => grammar.test(source)));
});

test("the helpers and the number of deferred tools are in the description", () => {
  const tool = { name: "a", toolName: { name: "a" }, description: "", kind: "function" } as const;
  const { description } = buildExecTool([tool, { ...tool, name: "b" }], { deferred: new Set(["b"]) });
  for (const name of [
    "tools",
    "ALL_TOOLS",
    "text",
    "image",
    "store",
    "load",
    "notify",
    "setTimeout",
    "clearTimeout",
    "yield_control",
    "exit",
  ]) {
    expect(description).toMatch(new RegExp(`declare (?:function|const) ${name}\\b`));
  }
  expect(description).toContain("Tools that are not declared below: 1.");
  expect(buildExecTool([tool]).description).not.toContain("Tools that are not declared below:");
});

test("options of the first line are read, and the source stays what it was", () => {
  const source = '// @exec: {"yield_time_ms": 0, "max_output_tokens": 500}\ntext(1);\n';
  expect(parseExecSource(source)).toEqual({ source, yieldTimeMs: 0, maxOutputTokens: 500 });
  expect(parseExecSource('  //@exec:{"max_output_tokens":null}\r\nx')).toEqual({
    source: '  //@exec:{"max_output_tokens":null}\r\nx',
  });
  expect(parseExecSource("// @exec: {}")).toEqual({ source: "// @exec: {}" });
  expect(parseExecArguments(JSON.stringify({ source }))).toEqual(parseExecSource(source));
});

test.each([
  "text(1)\n// @exec: {",
  "/* @exec: { */ 1",
  "const a = '// @exec: {';",
  "\n// @exec: nonsense",
  "// @execute: {",
])("what is not an option line at the top is only a comment: %j", (source) => {
  expect(parseExecSource(source)).toEqual({ source });
});

test.each([
  ["", "exec: the source is empty; it must be JavaScript"],
  [" \n\t", "exec: the source is empty; it must be JavaScript"],
  ["// @exec: {oops}\n1", 'the // @exec: line: "{oops}" is not JSON'],
  ["// @exec:\n1", 'the // @exec: line: "" is not JSON'],
  ["// @exec: 5\n1", 'the // @exec: line: "5" is not a JSON object'],
  ["// @exec: [{}]\n1", 'the // @exec: line: "[{}]" is not a JSON object'],
  [
    '// @exec: {"yield": 1}\n1',
    'the // @exec: line: "yield" is not known; it takes yield_time_ms, max_output_tokens',
  ],
  [
    '// @exec: {"__proto__": 1}\n1',
    'the // @exec: line: "__proto__" is not known; it takes yield_time_ms, max_output_tokens',
  ],
  [
    '// @exec: {"yield_time_ms": -1}\n1',
    "the // @exec: line: yield_time_ms is -1; it must be an integer from 0 to 2147483647",
  ],
  [
    '// @exec: {"yield_time_ms": 2147483648}',
    "the // @exec: line: yield_time_ms is 2147483648; it must be an integer from 0 to 2147483647",
  ],
  [
    '// @exec: {"max_output_tokens": 0}',
    "the // @exec: line: max_output_tokens is 0; it must be an integer from 1 to 9007199254740991",
  ],
  [
    '// @exec: {"max_output_tokens": "5"}',
    'the // @exec: line: max_output_tokens is "5"; it must be an integer from 1 to 9007199254740991',
  ],
  [
    '// @exec: {"max_output_tokens": 1.5}',
    "the // @exec: line: max_output_tokens is 1.5; it must be an integer from 1 to 9007199254740991",
  ],
])("a source that cannot be read is refused with its reason: %j", (source, message) => {
  expect(refusal(() => parseExecSource(source))).toEqual({ code: "invalid_request", message });
});

test.each([
  ["{}", "exec: source is missing"],
  ['{"source": 1}', "exec: source is 1; it must be a string that is not empty"],
  ['{"code": ""}', 'exec: "code" is not known; it takes source'],
  ["text(1)", 'exec: "text(1)" is not JSON'],
])("function arguments that cannot be read are refused with their reason: %s", (json, message) => {
  expect(refusal(() => parseExecArguments(json))).toEqual({ code: "invalid_request", message });
});

test("wait takes a cell and three options", () => {
  const { type, name, strict, parameters } = buildWaitTool({ name: "go_on", execName: "run" });
  expect({ type, name, strict }).toEqual({ type: "function", name: "go_on", strict: false });
  expect(parameters).toMatchObject({
    properties: {
      cell_id: { type: "string", description: "The cell ID in the answer of run." },
      yield_time_ms: { type: "integer" },
      max_tokens: { type: "integer" },
      terminate: { type: "boolean" },
    },
    required: ["cell_id"],
    additionalProperties: false,
  });
  expect(Object.keys(parameters["properties"] as object)).toEqual([
    "cell_id",
    "yield_time_ms",
    "max_tokens",
    "terminate",
  ]);
});

test("the arguments of wait are read", () => {
  expect(parseWaitArguments('{"cell_id":"3"}')).toEqual({ cellId: "3", terminate: false });
  expect(parseWaitArguments('{"cell_id":"3","yield_time_ms":5,"max_tokens":7,"terminate":true}')).toEqual({
    cellId: "3",
    yieldTimeMs: 5,
    maxOutputTokens: 7,
    terminate: true,
  });
  expect(
    parseWaitArguments('{"cell_id":"3","yield_time_ms":null,"max_tokens":null,"terminate":null}'),
  ).toEqual({
    cellId: "3",
    terminate: false,
  });
});

test.each([
  ["", 'wait: "" is not JSON'],
  ["null", 'wait: "null" is not a JSON object'],
  ["{}", "wait: cell_id is missing"],
  ['{"cell_id":3}', "wait: cell_id is 3; it must be a string that is not empty"],
  ['{"cell_id":""}', 'wait: cell_id is ""; it must be a string that is not empty'],
  ['{"cell_id":"3","terminate":"yes"}', 'wait: terminate is "yes"; it must be true or false'],
  [
    '{"cell_id":"3","max_tokens":[]}',
    "wait: max_tokens is []; it must be an integer from 1 to 9007199254740991",
  ],
  [
    '{"cell_id":"3","cellId":"3"}',
    'wait: "cellId" is not known; it takes cell_id, yield_time_ms, max_tokens, terminate',
  ],
])("arguments of wait that cannot be read are refused with their reason: %s", (json, message) => {
  expect(refusal(() => parseWaitArguments(json))).toEqual({ code: "invalid_request", message });
});

test("what a refusal repeats is short", () => {
  expect(refusal(() => parseWaitArguments("x".repeat(1_000_000))).message.length).toBeLessThan(100);
});
