/** Runs the code that the pages show, and says which of it is not here. */
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import { BatchSpanProcessor, InMemorySpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import type { CodeModeSessionDelegate, JsonValue, RolloutSource } from "@rollout-trace/protocol";
import {
  createReducer,
  followRollout,
  graphJson,
  reduceRollout,
  resumeReducer,
} from "@rollout-trace/reducer";
import { RolloutBuilder, stableGraph } from "@rollout-trace/reducer/testing";
import "@rollout-trace/reducer/testing/vitest";
import { InProcessSessionProvider } from "@rollout-trace/runtime";
import { ProcessSessionProvider } from "@rollout-trace/runtime/remote";
import { openRolloutImporter, openTraceStore } from "@rollout-trace/trace";
import { RolloutSpanProcessor } from "@rollout-trace/trace/opentelemetry";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const HERE = readFileSync(import.meta.filename, "utf8");
const model = "model-1";
const delegate: CodeModeSessionDelegate = {
  invokeTool: async () => null,
  notify: async () => undefined,
  cellClosed: () => undefined,
};

/** A small recording that is closed. */
function recorded(): RolloutSource {
  const rollout = new RolloutBuilder();
  const turn = rollout.root.turn();
  turn.request([{ type: "message", role: "user", content: "Hello." }]).respond([]);
  turn.end();
  rollout.event({ type: "rollout_ended", status: "completed" });
  rollout.event({ type: "recording_completed" });
  return rollout.source();
}

let folder: string;
let before: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "samples-"));
  before = process.cwd();
  process.chdir(folder);
});
afterAll(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

describe("the code that the pages show", () => {
  it("records an agent", async () => {
    const request: JsonValue = { input: "Hello." };
    const response = { id: "resp_1", output: [] };
    // README.md
    using store = openTraceStore({ path: "agent.db" });
    const thread = store.startRollout({ rootThread: { agentPath: "/root" } });
    const turn = thread.startTurn();

    const inference = turn.startInference({
      model,
      provider: "openai",
      dialect: "openai_responses",
      request: () => request,
    });
    inference.completed({ responseId: response.id, response: () => response });

    const session = await new ProcessSessionProvider().createSession(delegate, {
      observer: thread.codeModeObserver(),
    });
    await session.shutdown();
    expect(store.rollouts()).toMatchObject([{ eventCount: 5 }]);
  });

  it("keeps a provider in a process", async () => {
    const observer = undefined;
    // docs/code-mode-host.md
    await using provider = new ProcessSessionProvider();
    const session = await provider.createSession(delegate, { observer });
    await session.shutdown();
    const late = session.execute({ toolCallId: "call_1", source: "text(1)", enabledTools: [] });
    await expect(late).rejects.toMatchObject({ code: "shutting_down" });
  });

  it("lives a cell's life", async () => {
    await using provider = new InProcessSessionProvider();
    const session = await provider.createSession(delegate);
    const toolCallId = "call_1";
    const enabledTools = [] as const;
    const source = "yield_control(); text(1);";
    // docs/code-mode.md
    const cell = await session.execute({ toolCallId, source, enabledTools }); // admitted; cell.cellId is "1", "2", …
    const first = await cell.initialResponse; // result, or yielded after yieldTimeMs
    const next = await session.wait({ cellId: cell.cellId }); // the output since then
    await session.terminate({ cellId: cell.cellId }); // stops it, whatever it does
    expect([first.type, next.response.type]).toEqual(["yielded", "result"]);
  });

  it("reduces", () => {
    const source = recorded();
    // docs/graph.md
    const graph = reduceRollout(source); // a RolloutSource: a store's rollout, a bundle, your own
    graphJson(graph); // the canonical text: one graph, one sequence of bytes
    writeFileSync("session.json", JSON.stringify(stableGraph(graph)));
    expect(source).toReduceTo(JSON.parse(readFileSync("session.json", "utf8")));
  });

  it("reduces event by event", async () => {
    const source = recorded();
    const { payloads } = source;
    const mode = "strict";
    const signal = new AbortController().signal;
    const onProgress = (): void => undefined;
    const later = async (): Promise<void> => setImmediate();
    const event: unknown = [...source.events()].find((record) => record.type === "event")?.value;
    // docs/reduction.md
    const graph = reduceRollout(source, { mode, signal, onProgress }); // a whole rollout

    const reducer = createReducer({ payloads, mode }); // event by event
    reducer.apply(event); // in seq order
    reducer.snapshot(); // the graph so far
    const checkpoint = reducer.save(); // JSON
    const resumed = resumeReducer(checkpoint, { payloads }); // goes on where save was called

    const follower = followRollout(source, { checkpoint }); // a rollout that is being recorded
    for (; !follower.isOver; await later()) follower.poll(); // reads what is new, and only that
    const followed = follower.finish();
    expect(followed).toEqual(graph);
    expect(resumed.snapshot()).toEqual(reducer.finish());
  });

  it("keeps spans", async () => {
    const exporter = new InMemorySpanExporter();
    // docs/opentelemetry.md
    const provider = new TracerProvider({
      spanProcessors: [new RolloutSpanProcessor(), new BatchSpanProcessor({ exporter })],
    });
    provider.getTracer("sample").startSpan("own").end();
    await provider.forceFlush();
    expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(["own"]);
    await provider.shutdown();
  });

  it("redacts", () => {
    const namesIn = (text: string): readonly string[] => text.match(/Ann|Bob/g) ?? [];
    // docs/store.md
    const store = openTraceStore({
      path: "traces.db",
      redact: {
        rules: [
          { name: "customer", pattern: /cust-(?<secret>[0-9]+)/ },
          { name: "people", find: (text) => namesIn(text) },
        ],
        names: ["pin-code"],
        paths: ["input.*.metadata", "**.ssn"],
        keep: ["jwt"],
      },
    });
    expect(store.failure).toBeNull();
    store.close();
  });

  it("starts a rollout", () => {
    // docs/store.md
    const store = openTraceStore({ path: "traces.db" });
    const thread = store.startRollout();
    thread.endRollout();
    expect(store.failure).toBeNull();
    store.close();
  });

  it("imports", () => {
    const source = recorded();
    const inputs = undefined;
    // docs/store.md
    using importer = openRolloutImporter({ path: "traces.db" });
    const { outcome, addedEvents } = importer.importRollout(source, { format: "my-log", inputs });
    expect([outcome, addedEvents]).toEqual(["new", 8]);
  });

  it("is all here", () => {
    // A quick start is a program (examples.test.ts); a fixture brings its own test (packages/cli/test/commands/fixture.test.ts).
    const pages = globSync(["*.md", "docs/*.md"], { cwd: ROOT, exclude: ["docs/{quick-start,cli}.md"] });
    const here = plain(HERE);
    const shown = pages.flatMap((page) =>
      [...readFileSync(join(ROOT, page), "utf8").matchAll(/```ts\n([^]*?)```/g)].map(([, code = ""]) => code),
    );
    expect(shown.length).toBeGreaterThan(8);
    const missing = shown
      // What has an ellipsis is a sketch.
      .filter((code) => !/…[,)} ]/.test(code.replaceAll(/\/\/.*/g, "")))
      .flatMap((code) => {
        const lines = code.split("\n");
        const rest = lines.filter((line) => !IMPORT.test(line)).join("\n");
        return [
          ...lines.filter((line) => IMPORT.test(line) && !isImported(line)),
          ...(here.includes(plain(rest)) ? [] : [rest]),
        ];
      });
    expect(missing).toEqual([]);
  });
});

const IMPORT = /^import (?:\{ (.*) \} from )?(".*");$/;

function isImported(line: string): boolean {
  const [, names = "", module = ""] = IMPORT.exec(line) ?? [];
  const found = [...HERE.matchAll(/^import (?:type )?(?:\{([^}]*)\} from )?(".*");$/gm)].filter(
    ([, , from]) => from === module,
  );
  return found.some(([, all = ""]) => names.split(", ").every((name) => all.includes(name)));
}

/** Without what a formatter decides, and without comments at the ends of lines. */
function plain(code: string): string {
  return code
    .replaceAll(/\s\/\/.*$/gm, "")
    .replaceAll(/\s+/g, "")
    .replaceAll(/,(?=[\]})])/g, "");
}
