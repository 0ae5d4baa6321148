import type { JsonValue, ToolDefinition } from "@rollout-trace/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import { renderDeclarations } from "../../src/tools/declarations.ts";
import { buildExecTool } from "../../src/tools/exec-tool.ts";
import { HELPER_DECLARATIONS } from "../../src/tools/helper-declarations.ts";
import { callToolResultSchema, MCP_TYPE_DECLARATIONS } from "../../src/tools/mcp-types.ts";
import { compileAll } from "./compile.ts";

function tool(name: string, rest: Partial<ToolDefinition> = {}): ToolDefinition {
  return { name, toolName: { name }, description: "", kind: "function", ...rest };
}

const sum = { type: "object", properties: { sum: { type: "number" } }, required: ["sum"] };

const SEARCH = tool("docs__search", {
  toolName: { name: "search", namespace: "docs" },
  description: "Searches.\n\nReturns hits.",
  inputSchema: {
    type: "object",
    properties: { query: { type: "string", description: "What for" }, limit: { type: "integer" } },
    required: ["query"],
  },
  outputSchema: callToolResultSchema(sum),
});

test("a tool is a method with its description, its input and its output", () => {
  const add = tool("add-up", {
    description: "Adds.",
    inputSchema: { type: "object", properties: { terms: { type: "array", items: { type: "number" } } } },
    outputSchema: sum,
  });
  expect(renderDeclarations([add])).toBe(`interface Tools {
  /** Adds. */
  add_up(input: { terms?: number[] }): Promise<{ sum: number }>;
}
declare const tools: Tools;`);
});

test("a freeform tool takes a string, and a tool that asks for nothing can be called with nothing", () => {
  const tools = [
    tool("patch", { kind: "freeform", inputSchema: { type: "object" } }),
    tool("now", { inputSchema: { type: "object", properties: {} } }),
    tool("any"),
    tool("new"),
  ];
  expect(renderDeclarations(tools)).toBe(`interface Tools {
  patch(input: string): Promise<unknown>;
  now(input?: {}): Promise<unknown>;
  any(input?: { [key: string]: unknown }): Promise<unknown>;
  "new"(input?: { [key: string]: unknown }): Promise<unknown>;
}
declare const tools: Tools;`);
});

test("an MCP result is declared by its structured content, and the types of MCP once", () => {
  const tools = [SEARCH, tool("plain", { outputSchema: callToolResultSchema(undefined) })];
  expect(renderDeclarations(tools)).toBe(`${MCP_TYPE_DECLARATIONS}
interface Tools {
  plain(input?: { [key: string]: unknown }): Promise<CallToolResult>;
}
/** docs */
interface Tools {
  /**
   * Searches.
   *
   * Returns hits.
   */
  docs__search(input: {
    /** What for */
    query: string;
    limit?: number;
  }): Promise<CallToolResult<{ sum: number }>>;
}
declare const tools: Tools;`);
});

test("references in structured content start at the root of the tool's own schema", () => {
  const tree = { type: "object", properties: { kids: { type: "array", items: { $ref: "#" } } } };
  const point = {
    $ref: "#/$defs/P",
    $defs: { P: { type: "object", properties: { x: { type: "number" } } } },
  };
  const text = renderDeclarations([
    tool("tree", { outputSchema: callToolResultSchema({ ...tree }) }),
    tool("point", { outputSchema: callToolResultSchema(point) }),
  ]);
  expect(text).toContain("Promise<CallToolResult<tree_Output>>");
  expect(text).toContain("type tree_Output = { kids?: tree_Output[] };");
  expect(text).toContain("Promise<CallToolResult<{ x?: number }>>");
});

test.each<[string, boolean, JsonValue]>([
  [
    "content of referenced blocks",
    true,
    {
      $ref: "#/$defs/Result",
      $defs: {
        Result: {
          type: "object",
          properties: {
            content: { type: "array", items: { anyOf: [{ $ref: "#/$defs/Text" }, { type: "object" }] } },
            isError: { type: "boolean" },
            _meta: { type: "object", additionalProperties: {} },
          },
        },
        Text: { type: "object", properties: { text: { type: "string" } } },
      },
    },
  ],
  ["content of strings", false, withContent({ type: "array", items: { type: "string" } })],
  ["content that is no array", false, withContent({ type: "object" })],
  [
    "content of mixed items",
    false,
    withContent({ type: "array", items: { anyOf: [{ type: "object" }, { type: "string" }] } }),
  ],
  [
    "no _meta",
    false,
    {
      type: "object",
      properties: { content: { type: "array", items: { type: "object" } }, isError: { type: "boolean" } },
    },
  ],
  ["a schema that is no object", false, true],
])("a result with %s is taken for an MCP result: %s", (_name, isMcp, outputSchema) => {
  expect(renderDeclarations([tool("x", { outputSchema })]).includes("Promise<CallToolResult>")).toBe(isMcp);
});

function withContent(content: JsonValue): JsonValue {
  return { type: "object", properties: { content, isError: { type: "boolean" }, _meta: { type: "object" } } };
}

test.each([
  ["a set of names", new Set(["docs__search"])],
  ["a predicate", (one: ToolDefinition) => one.toolName.namespace === "docs"],
])("tools deferred by %s are left out, counted, and do not rename the others", (_name, deferred) => {
  const text = renderDeclarations([SEARCH, tool("docs--search")], {
    deferred,
    namespaces: { docs: "Manuals." },
  });
  expect(text).toBe(`interface Tools {
  docs__search_2(input?: { [key: string]: unknown }): Promise<unknown>;
}
/**
 * docs: Manuals.
 * Not shown here but in ALL_TOOLS: 1.
 */
interface Tools {}
declare const tools: Tools;`);
});

test.each([
  ["a record", { docs: "Manuals.", other: "not there" }],
  ["a map", new Map([["docs", "Manuals."]])],
])("a namespace is introduced by its description from %s", (_name, namespaces) => {
  expect(renderDeclarations([SEARCH], { namespaces })).toContain(
    "/** docs: Manuals. */\ninterface Tools {\n",
  );
});

test("tools that all have a namespace are declared in their groups only, and no tools as none", () => {
  expect(renderDeclarations([SEARCH]).match(/interface Tools/g)).toEqual(["interface Tools"]);
  expect(renderDeclarations([])).toBe("interface Tools {}\ndeclare const tools: Tools;");
});

test("a namespace called like a property of every object has no description", () => {
  const text = renderDeclarations([tool("x", { toolName: { name: "x", namespace: "constructor" } })], {
    namespaces: {},
  });
  expect(text).toContain("/** constructor */\n");
});

const hostileText = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "*/",
    "a\n*/\nb",
    "`",
    "constructor",
    "__proto__",
    "new",
    "class",
    "Promise",
    "a.b",
    "a b",
    "1x",
    "",
  ),
);
const anyTool: fc.Arbitrary<ToolDefinition> = fc.record({
  name: hostileText,
  toolName: fc.record({ name: hostileText, namespace: fc.option(hostileText, { nil: undefined }) }),
  description: hostileText,
  kind: fc.constantFrom("function" as const, "freeform" as const),
  inputSchema: fc.constantFrom<JsonValue | undefined>(undefined, true, sum, {
    type: "object",
    properties: { self: { $ref: "#" } },
  }),
  outputSchema: fc.constantFrom<JsonValue | undefined>(
    undefined,
    { type: "object", properties: { self: { $ref: "#" } } },
    callToolResultSchema({ type: "object", properties: { self: { $ref: "#" } } }),
  ),
});

test("whatever tools there are, what the model is told compiles as a whole", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.array(anyTool, { maxLength: 12 }), { minLength: 60, maxLength: 60, size: "max" }),
      async (toolsets) => {
        const texts = toolsets.map((tools) => {
          const { description } = buildExecTool(tools, {
            deferred: (one) => one.description.startsWith("a"),
          });
          return `${description.slice(description.indexOf(HELPER_DECLARATIONS))}\nexport {};`;
        });
        expect(await compileAll(texts)).toEqual(new Map());
      },
    ),
    { numRuns: 2, endOnFailure: true },
  );
});

test("a script written against the declarations compiles, and one that is wrong does not", async () => {
  const declarations = `${HELPER_DECLARATIONS}\n${renderDeclarations([SEARCH, tool("patch", { kind: "freeform" })])}\n`;
  const right = `
    const [found] = await Promise.all([tools.docs__search({ query: "x" }), tools.patch("*** Begin")]);
    if (found.isError !== true && found.structuredContent) text(found.structuredContent.sum + 1);
    for (const block of found.content) if (block.type === "image") image(block, "low");
    image("data:image/png;base64,AA=="); image({ image_url: "data:,", detail: "original" });
    store("k", { a: 1 }); text(load("k").a); notify(ALL_TOOLS.length); yield_control();
    clearTimeout(setTimeout(() => {}, 10)); exit();`;
  const wrong = [
    "tools.docs__search({})",
    "tools.patch({})",
    "tools.missing()",
    "image('data:,', 'tiny')",
    "console.log(1)",
  ];
  const found = await compileAll([right, ...wrong].map((script) => declarations + script));
  expect(new Set(found.keys())).toEqual(new Set([1, 2, 3, 4, 5]));
});

test("descriptions are cut where they would drown the tools", () => {
  const text = renderDeclarations([tool("x", { description: "word ".repeat(100_000) })]);
  expect(text.length).toBeLessThan(9_000);
  expect(text).toContain("word… */");
});
