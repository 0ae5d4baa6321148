/**
 * Writes `fixtures/reducer/<situation>.json`: a small recording, two lines of why it is kept, and the graph that it reduces
 * to. Run it after a change to the reducer and look at the difference; a fixture whose situation is gone is removed.
 *
 * `npm run -s node -- scripts/make-reducer-fixtures.ts`
 */
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { RolloutGraph } from "@rollout-trace/reducer";
import { SITUATIONS } from "../fixtures/reducer/situations/index.ts";
import { recordingOf } from "../fixtures/reducer/situations/situation.ts";
import { type Fixture, FIXTURES, reduceFixture } from "../test/fixtures/reducer-fixture.ts";

for (const file of readdirSync(FIXTURES)) {
  if (file.endsWith(".json") && !(file.slice(0, -".json".length) in SITUATIONS)) rmSync(join(FIXTURES, file));
}
for (const [name, situation] of Object.entries(SITUATIONS)) {
  const { why } = situation;
  const fixture = { why, ...recordingOf(situation) } as Pick<Fixture, "why" | "recording" | "payloads">;
  const text = fixtureText({ ...fixture, graph: reduceFixture(fixture) });
  writeFileSync(join(FIXTURES, `${name}.json`), text);
}
console.log(`${Object.keys(SITUATIONS).length} fixtures in ${FIXTURES}`);

/** An event, a payload and an object of the graph a line each: short, and a change shows where it is. */
function fixtureText({ why, recording, payloads, graph }: Fixture): string {
  return `{
"why": ${block(why, "[]")},
"recording": ${block(recording, "[]")},
"payloads": ${entries(payloads)},
"graph": {
${Object.entries(graph)
  .map(([key, value]) => `"${key}": ${graphField(key as keyof RolloutGraph, value)}`)
  .join(",\n")}
}
}
`;
}

function graphField(key: keyof RolloutGraph, value: unknown): string {
  if (Array.isArray(value)) return block(value, "[]");
  const isCollection = typeof value === "object" && value !== null && key !== "host" && key !== "usage";
  return isCollection ? entries(value as Readonly<Record<string, unknown>>) : JSON.stringify(value);
}

function entries(object: Readonly<Record<string, unknown>>): string {
  const lines = Object.entries(object).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n}`;
}

function block(values: readonly unknown[], brackets: string): string {
  if (values.length === 0) return brackets;
  return `[\n${values.map((value) => JSON.stringify(value)).join(",\n")}\n]`;
}
