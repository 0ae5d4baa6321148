import { closeSync, existsSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { RolloutSource } from "@rollout-trace/protocol";
import { reduceRollout } from "@rollout-trace/reducer";
import {
  compareGraphs,
  describeDifferences,
  fixtureSource,
  type RolloutFixture,
  stableGraph,
} from "@rollout-trace/reducer/testing";
import { jsonRedactor } from "@rollout-trace/trace";
import { CliError, EXIT, messageOf } from "../errors.ts";
import { cutFixture } from "../fixture/cut-fixture.ts";
import { type CommandIo, outJson } from "../io.ts";
import { escapeText, fitText } from "../render/escape.ts";
import { bytes, count } from "../render/format.ts";
import { page } from "../render/page.ts";
import { wrapWords } from "../render/wrap.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { openNamedSource } from "./open-named-source.ts";
import { undoneBySignal, Unfinished } from "./unfinished.ts";

export interface FixtureCommandOptions extends SourceOptions {
  /** The folder of the fixture: a new one, an empty one, or that of a fixture, which is then replaced. */
  readonly output: string;
  /** Further names of fields whose values are secrets. */
  readonly secretField?: readonly string[] | undefined;
  readonly json?: boolean | undefined;
}

const RECORDING = "recording.json";
const GRAPH = "graph.json";
const TEST = "rollout.test.ts";

/**
 * Cuts a regression fixture out of a rollout: a recording, the graph that it reduces to, and a test of it. Exit code 1 when
 * the fixture reduces to another graph than the source, which is then said. Throws `CliError`: as `openSource`, `usage`,
 * `unwritable_output`.
 */
export async function fixtureCommand(
  path: string,
  options: FixtureCommandOptions,
  io: CommandIo,
): Promise<number> {
  using source = await openNamedSource(path, options);
  const { output } = options;
  checkFolder(output);
  const redactor = redactorOf(options);
  const { fixture, left } = cutFixture(source.rollout, { redact: (json) => redactor.document(json) });
  const secrets = Object.values(redactor.counts).reduce((sum, each) => sum + each, 0);
  for (const what of left) io.err(`${path}: left out: ${fitText(what, MESSAGE_COLUMNS)}\n`);
  const difference = differenceTo(source.rollout);
  if (difference !== null) io.err(`${path}: the fixture reduces to another graph: ${difference}\n`);
  const graph = stableGraph(reduceRollout(fixtureSource(fixture)));
  const recording = recordingText(fixture);
  await write(output, {
    [RECORDING]: recording,
    [GRAPH]: `${JSON.stringify(graph, null, 1)}\n`,
    [TEST]: testText(basename(resolve(output))),
  });
  const size = Buffer.byteLength(recording);
  if (options.json === true) {
    const facts = {
      folder: output,
      events: fixture.events.length,
      payloads: Object.keys(fixture.payloads).length,
    };
    const answer = {
      ...facts,
      recording_bytes: size,
      secrets,
      left_out: left,
      same_graph: difference === null,
    };
    outJson(io, `${JSON.stringify(answer, null, 1)}\n`);
  } else {
    const facts = [
      count(fixture.events.length, "event"),
      count(Object.keys(fixture.payloads).length, "payload"),
      bytes(size),
      ...(secrets === 0 ? [] : [`${count(secrets, "secret")} taken out`]),
    ];
    const folder = escapeText(output);
    const lines = [`${folder}: ${facts.join(", ")}`, `  run it with: vitest run ${folder}`];
    io.out(
      page(
        lines.flatMap((line) => wrapWords(line, io.columns)),
        io,
      ),
    );
  }
  return difference === null && left.length === 0 ? EXIT.ok : EXIT.traceErrors;
}

const MESSAGE_COLUMNS = 300;

function redactorOf({ secretField }: FixtureCommandOptions): ReturnType<typeof jsonRedactor> {
  try {
    return jsonRedactor({ names: secretField });
  } catch (error) {
    throw new CliError("usage", messageOf(error), { cause: error });
  }
}

/** What is different when nothing but ids and times were changed, or null: secrets are meant to make a difference. */
function differenceTo(source: RolloutSource): string | null {
  const { fixture, renamed, renamedAll } = cutFixture(source, { redact: (json) => json });
  // A preview ends after so many characters, and ids are not all of one length; what is not in it may have ids too.
  const options = { ignore: ["preview", "input_preview", "output_preview", "content_id"] };
  // Texts first, before names are made of how they begin; then whatever else quotes an id.
  const expected = renamedAll(stableGraph(reduceRollout(source), { ...options, text: renamed }));
  const differences = compareGraphs(expected, stableGraph(reduceRollout(fixtureSource(fixture)), options));
  return differences.length === 0 ? null : describeDifferences(differences, 3);
}

function checkFolder(folder: string): void {
  let entries: readonly string[];
  try {
    entries = existsSync(folder) ? readdirSync(folder) : [];
  } catch (error) {
    throw new CliError("unwritable_output", `${folder}: ${messageOf(error)}`, { cause: error });
  }
  if (entries.length === 0 || entries.includes(RECORDING)) return;
  throw new CliError(
    "usage",
    `${folder}: holds other files; choose a new folder, or that of a fixture to replace`,
  );
}

/** All of it or nothing: a signal, or a disk that is full, leaves what was there. */
async function write(folder: string, files: { readonly [name: string]: string }): Promise<void> {
  using made = new DisposableStack();
  using _undoing = undoneBySignal(() => made.dispose());
  try {
    const places = existsSync(folder) ? inFolder(folder, files, made) : asFolder(folder, files, made);
    // A signal that came meanwhile is heard before anything takes its place.
    await nextTurn();
    for (const place of places) place.finish();
  } catch (error) {
    throw new CliError("unwritable_output", `${folder}: ${messageOf(error)}`, { cause: error });
  }
}

type Files = Parameters<typeof write>[1];

function asFolder(folder: string, files: Files, made: DisposableStack): readonly Unfinished[] {
  const unfinished = made.use(new Unfinished(folder));
  unfinished.makeFolder();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(unfinished.path, name), text);
  return [unfinished];
}

function inFolder(folder: string, files: Files, made: DisposableStack): readonly Unfinished[] {
  // The test may have been edited.
  const replaced = Object.entries(files).filter(([name]) => name !== TEST || !existsSync(join(folder, TEST)));
  return replaced.map(([name, text]) => {
    const unfinished = made.use(new Unfinished(join(folder, name)));
    const file = unfinished.openFile();
    try {
      writeFileSync(file, text);
    } finally {
      closeSync(file);
    }
    return unfinished;
  });
}

/** An event, an item and a payload a line each: a change shows where it is. */
function recordingText({ events, items, payloads, ...head }: RolloutFixture): string {
  const fields = Object.entries(head).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  const list = (values: readonly unknown[]): string =>
    values.length === 0 ? "[]" : `[\n${values.map((value) => JSON.stringify(value)).join(",\n")}\n]`;
  const byId = Object.entries(payloads).map(
    ([id, value]) => `${JSON.stringify(id)}: ${JSON.stringify(value)}`,
  );
  return `{\n${[
    ...fields,
    `"events": ${list(events)}`,
    `"items": ${list(items)}`,
    `"payloads": ${byId.length === 0 ? "{}" : `{\n${byId.join(",\n")}\n}`}`,
  ].join(",\n")}\n}\n`;
}

function testText(name: string): string {
  return `import { readFileSync } from "node:fs";
import { fixtureSource } from "@rollout-trace/reducer/testing";
import "@rollout-trace/reducer/testing/vitest";
import { expect, it } from "vitest";

const read = (file: string) => JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8"));

it(${JSON.stringify(`${name} reduces to the graph that it reduced to when it was recorded`)}, () => {
  expect(fixtureSource(read("recording.json"))).toReduceTo(read("graph.json"));
});
`;
}
