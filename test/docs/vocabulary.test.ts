/** The words that the pages list are those of the types, and the tables of elements say what is made of them. */
import { globSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import {
  DIALECTS,
  EXECUTION_STATUSES,
  CELL_STATUSES,
  type Dialect,
  type JsonObject,
  PAYLOAD_KINDS,
  RAW_EVENT_TYPES,
  ROLLOUT_STATUSES,
} from "@rollout-trace/protocol";
import {
  EDGE_KINDS,
  EXECUTION_END_CAUSES,
  ITEM_CHANNELS,
  ITEM_KINDS,
  ITEM_ROLES,
  reduceRollout,
} from "@rollout-trace/reducer";
import { RolloutBuilder } from "@rollout-trace/reducer/testing";
import { SOURCE_FORMATS } from "@rollout-trace/cli";
import { describe, expect, it } from "vitest";
import { HOST_SPAN_LIMITS } from "../../packages/trace/src/opentelemetry/host-spans.ts";
import { GEN_AI, GEN_AI_CONVENTIONS } from "../../packages/protocol/src/semantic-conventions.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const read = (file: string): string => readFileSync(join(ROOT, file), "utf8");
const GRAPH = read("docs/graph.md");
const REDUCTION = read("docs/reduction.md");
const ARCHITECTURE = read("ARCHITECTURE.md");

/** The words in backticks. */
function wordsOf(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, word = ""]) => word);
}

/** What the first column and the others of the table below `heading` say. */
function tableBelow(page: string, heading: string): readonly (readonly [first: string, rest: string])[] {
  const section = page.slice(page.indexOf(heading)).split(/\n#+ /)[0] ?? "";
  return [...section.matchAll(/^\| ([^|]*?) \| (.*) \|$/gm)].map(([, first = "", rest = ""]) => [
    first,
    rest,
  ]);
}

describe("docs/events.md", () => {
  const page = read("docs/events.md");

  it("has a row for every type of event, and for no other", () => {
    const rows = tableBelow(page, "## Types").flatMap(([first]) => wordsOf(first));
    expect(rows.toSorted()).toEqual([...RAW_EVENT_TYPES].toSorted());
  });

  it("has a row for every kind of payload, and for no other", () => {
    const rows = tableBelow(page, "## Payloads").flatMap(([first]) => wordsOf(first));
    expect(rows.toSorted()).toEqual([...PAYLOAD_KINDS].toSorted());
  });
});

describe("docs/graph.md", () => {
  it.each<[string, readonly string[]]>([
    ["## Every object\n[^]*?\\| `status` \\| (.*) \\|", EXECUTION_STATUSES],
    ["\\| `end_cause` \\| (.*) \\|", EXECUTION_END_CAUSES],
    ["## The rollout\n[^]*?\\| `status` \\| (.*) \\|", ROLLOUT_STATUSES],
    ["\\| `role` \\| (.*) \\|", ITEM_ROLES],
    ["\\| `channel` \\| (.*) or null", ITEM_CHANNELS],
    ["## Conversation item[^]*?\\| `kind` \\| (.*) \\|", ITEM_KINDS],
    ["`runtime_status` \\| (.*) \\|", CELL_STATUSES],
    ["## Interaction edge[^]*?\\| `kind` \\| (.*) \\|", EDGE_KINDS],
  ])("lists at %s the values that there are", (pattern, values) => {
    const [, listed = ""] = new RegExp(pattern).exec(GRAPH) ?? [];
    expect(wordsOf(listed)).toEqual(values);
  });

  it("shows a difference as a test sees it", () => {
    const [shown = ""] = /~ \S+ › [^`]+/.exec(GRAPH) ?? [];
    expect(read("packages/reducer/test/stable-graph.test.ts")).toContain(shown);
  });
});

/** Enough of everything that some element wants. */
const FULL: JsonObject = {
  id: "id_1",
  call_id: "c1",
  tool_use_id: "c1",
  role: "assistant",
  name: "f",
  arguments: "{}",
  input: "text",
  output: "out",
  content: [{ type: "text", text: "text" }],
  summary: [],
  encrypted_content: "blob",
  text: "text",
  thinking: "text",
  signature: "blob",
  data: "blob",
};

/** The same in other forms. */
const FORMS: readonly JsonObject[] = [
  FULL,
  { ...FULL, arguments: "no JSON", name: "exec", content: { json: true }, output: { json: true } },
  { ...FULL, content: "text", output: [], summary: [{ type: "summary_text", text: "summary" }] },
  ...["text", "image", "encrypted_content"].map((type) => {
    const parts = [{ type, text: "text", encrypted_content: "blob" }];
    return { ...FULL, content: parts, output: parts };
  }),
];

const ELEMENT: { readonly [Each in Dialect]?: (type: string, form?: JsonObject) => JsonObject } = {
  openai_responses: (type, form = FULL) => ({ ...form, type }),
  anthropic_messages: (type, form = FULL) => ({ role: "assistant", content: [{ ...form, type, input: {} }] }),
};

/** The items that a request of one element makes, and the codes of what is wrong with it. */
function reduced(dialect: Dialect, element: JsonObject) {
  const rollout = new RolloutBuilder();
  rollout.root.turn().request([element], { dialect });
  const { conversation_items, diagnostics } = reduceRollout(rollout.source());
  const wrong = diagnostics.map(({ code }) => code).filter((code) => code === "unknown_item_type");
  return { wrong, items: Object.values(conversation_items) };
}

/** Role, channel and kind of the items that a request of one element makes, or the codes of what is wrong with it. */
function madeOf(dialect: Dialect, element: JsonObject): readonly string[] {
  const { wrong, items } = reduced(dialect, element);
  return [...wrong, ...items.map(({ role, channel, kind }) => `${role} / ${channel} / ${kind}`)];
}

/** The types of the parts of what elements of some types, in all forms, make. */
function partsOf(dialect: Dialect, types: readonly string[]): readonly string[] {
  const made = types.flatMap((type) =>
    FORMS.flatMap((form) => reduced(dialect, ELEMENT[dialect]?.(type, form) ?? {}).items),
  );
  return [...new Set(made.flatMap(({ body }) => body.parts.map((part) => part.type)))].toSorted();
}

/** What a body column says of parts. `parts` are those of a message's content in that dialect. */
function partsIn(body: string, parts: readonly string[]): readonly string[] {
  const said = body.replaceAll(/`([^`]+)`/g, (_, word) => (word === "payload_ref" ? word : ""));
  const words = said.match(/\b(?:text|summary|code|encoded|json|payload_ref|parts)\b/g) ?? [];
  return [...new Set(words.flatMap((word) => (word === "parts" ? parts : [word])))].toSorted();
}

describe("docs/reduction.md", () => {
  /** The rows of a table that are about elements with types: these, and the other columns. */
  const rowsOf = (dialect: Dialect) =>
    tableBelow(REDUCTION, `### \`${dialect}\``)
      .filter(([first]) => /^`[a-z_]+`/.test(first))
      .map(([first, rest]) => {
        const known = first.split(",").filter((word) => !word.includes("every other"));
        const [made = "", body = ""] = rest.split(" | ");
        return { types: wordsOf(known.join()), made, body };
      });

  it("has a table for every dialect", () => {
    expect(DIALECTS.filter((dialect) => !REDUCTION.includes(`### \`${dialect}\``))).toEqual([]);
  });

  it.each(["openai_responses", "anthropic_messages"] as const)(
    "says of each element of %s what becomes of it",
    (dialect) => {
      const rows = rowsOf(dialect).flatMap(({ types, made }) => types.map((type) => [type, made] as const));
      expect(rows.length).toBeGreaterThan(8);
      const madeOfType = (type: string) => madeOf(dialect, ELEMENT[dialect]?.(type) ?? {});
      const wrong = rows.filter(([type, rest]) => {
        const made = madeOfType(type);
        if (rest.startsWith("no part of the transcript")) return made.length > 0;
        const [said = ""] = rest.split(/[,|;]/);
        // "its role", "the message's role": that of the element, which is the assistant's here. A phase is not given.
        const expected = said
          .trim()
          .replace(/^(?:its|the message's) role$/, "assistant / null / message")
          .replace(/^(?:its|the message's) role/, "assistant");
        return made.length !== 1 || made[0] !== expected;
      });
      expect(wrong.map(([type, rest]) => [type, rest, madeOfType(type)])).toEqual([]);
    },
  );

  it.each<[Dialect, readonly string[]]>([
    ["openai_responses", ["text", "encoded", "payload_ref"]],
    ["anthropic_messages", ["text", "payload_ref"]],
  ])("says of the elements of %s of which parts their bodies are", (dialect, parts) => {
    const rows = rowsOf(dialect).filter(({ made }) => made !== "no part of the transcript");
    const said = rows.map(({ types, body }) => [types, partsIn(body, parts)]);
    expect(said).toEqual(rows.map(({ types }) => [types, partsOf(dialect, types)]));
  });

  it("says which channel a message of each phase of openai_responses is in", () => {
    const row = rowsOf("openai_responses").find(({ types }) => types.includes("message"));
    const said = [...(row?.made ?? "").matchAll(/`(\w+)` → (\w+)/g)].map(([, phase = "", channel]) => ({
      phase,
      channel,
    }));
    expect(said.map(({ channel }) => channel)).toEqual(["commentary", "final", "summary"]);
    for (const { phase, channel } of [...said, { phase: "another", channel: "null" }]) {
      const made = madeOf("openai_responses", { ...FULL, type: "message", phase });
      expect(made).toEqual([`assistant / ${channel} / message`]);
    }
  });

  it("says where the output of a tool search is", () => {
    const { output: _, ...others } = FULL;
    const tools = [{ type: "function", name: "look" }];
    const { items } = reduced("openai_responses", { ...others, type: "tool_search_output", tools });
    const preview = '[{"name":"look","type":"function"}]';
    expect(items[0]?.body.parts).toMatchObject([{ type: "json", preview }]);
    const row = rowsOf("openai_responses").find(({ types }) => types.includes("tool_search_output"));
    expect(wordsOf(row?.body ?? "").slice(0, 2)).toEqual(["output", "tools"]);
  });
});

describe("docs/sources.md", () => {
  it("has a row for every format that there is", () => {
    const rows = tableBelow(read("docs/sources.md"), "# What can be read").map(
      ([first]) => wordsOf(first)[0],
    );
    expect(rows.filter((word) => SOURCE_FORMATS.some((format) => format === word))).toEqual(SOURCE_FORMATS);
  });
});

describe("docs/opentelemetry.md", () => {
  const page = read("docs/opentelemetry.md");

  it("has the bounds that there are", () => {
    const spaced = (value: number): string => value.toLocaleString("en").replaceAll(",", " ");
    const bounds = tableBelow(page, "| bound |").map(([, rest]) => rest.split(" |")[0]);
    const { perCall, perRollout, attributes, links, attributeLength } = HOST_SPAN_LIMITS;
    expect(bounds.slice(-4)).toEqual([perCall, perRollout, attributes, attributeLength].map(spaced));
    expect(links).toBe(attributes);
  });

  it("has every attribute of the GenAI conventions that is written, and says which conventions", () => {
    const named = wordsOf(page).map((word) => word.replace(/^\./, "gen_ai.usage."));
    expect(Object.values(GEN_AI).filter((name) => !named.includes(name))).toEqual([]);
    const [, commit = "", core = ""] = /@(\w+) \(core ([\d.]+)\)/.exec(GEN_AI_CONVENTIONS) ?? [];
    expect(page).toContain(`at commit ${commit} (development\nstatus, built on core ${core})`);
  });
});

describe("ARCHITECTURE.md", () => {
  it("has a reason for every dependency of a package, and for no other", () => {
    const wanted = globSync("packages/*/package.json", { cwd: ROOT }).flatMap((file) => {
      const { dependencies, peerDependencies } = JSON.parse(read(file)) as {
        readonly [kind: string]: Readonly<Record<string, string>> | undefined;
      };
      return Object.keys({ ...dependencies, ...peerDependencies });
    });
    const table = tableBelow(ARCHITECTURE, "## Dependencies and why").map(([first]) => first);
    const named = table.flatMap((first) => first.match(/^@?[\w/-]+|(?<= or )[\w/-]+/g) ?? []);
    const full = named.map((name) => (name === "sdk-trace-base" ? `@opentelemetry/${name}` : name));
    const ours = (name: string): boolean => name.startsWith("@rollout-trace/") || name === "vitest";
    expect(new Set(full.slice(1))).toEqual(new Set(wanted.filter((name) => !ours(name))));
  });

  it("names every folder of the packages' sources", () => {
    const named = new Set(
      [...ARCHITECTURE.matchAll(/`packages\/(\w+)\/src\/([^`]+)`(?:, ([^|]*))?/g)].flatMap(
        ([, name, path = "", others = ""]) =>
          [...path.replaceAll(/[{}]/g, "").split(","), ...wordsOf(others)].map(
            (folder) => `${name}/${folder.split("/")[0]}`,
          ),
      ),
    );
    const folders = globSync("packages/*/src/*/", { cwd: ROOT }).map((path) =>
      path.replace(/^packages\/(\w+)\/src\/([^/]+)\/?$/, "$1/$2"),
    );
    expect(folders.length).toBeGreaterThan(20);
    expect(folders.filter((folder) => !named.has(folder))).toEqual([]);
  });
});
