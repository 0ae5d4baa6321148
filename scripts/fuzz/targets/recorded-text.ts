/** Recorded text on its way into a store and onto a terminal. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { JsonValue } from "@rollout-trace/protocol";
import { jsonRedactor } from "@rollout-trace/trace";
import fc from "fast-check";
import { run } from "../../../packages/cli/test/commands/run.ts";
import { escapeJson, escapeLines, escapeText, fitText } from "../../../packages/cli/src/render/escape.ts";
import { seededSecrets } from "../../../packages/trace/test/redact/secrets.ts";
import { LogBuilder } from "../../../packages/cli/test/sources/codex-log/log-builder.ts";
import { hostileText, mutated } from "../mutation.ts";
import { type FuzzTarget, fuzzTarget, hold } from "../target.ts";
import { scratchFolder } from "./scratch.ts";

/** Control characters other than the end of a line, marks of direction, and halves of pairs. */
const RAW =
  // oxlint-disable-next-line no-control-regex -- these are the characters that must not reach a terminal
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]|\p{Surrogate}/u;

function terminalSafe(text: string, where: string): void {
  const found = RAW.exec(text);
  hold(found === null, `${where} lets U+${found?.[0].codePointAt(0)?.toString(16)} through`);
}

const escaping = fuzzTarget({
  name: "escaping",
  inputs: fc.tuple(
    fc.array(hostileText, { maxLength: 6 }).map((parts) => parts.join("")),
    fc.integer({ min: 1, max: 80 }),
  ),
  check: ([text, columns]) => {
    terminalSafe(escapeText(text), "escapeText");
    hold(!escapeText(text).includes("\n"), "one line");
    terminalSafe(escapeLines(text), "escapeLines");
    terminalSafe(fitText(text, columns), "fitText");
    const json = JSON.stringify(text);
    terminalSafe(escapeJson(json), "escapeJson");
    hold(JSON.parse(escapeJson(json)) === text, "the same value");
  },
});

const EVERY_COMMAND: readonly (readonly string[])[] = [
  ["show", "LOG"],
  ["verify", "LOG"],
  ["list", "LOG"],
  ["why", "LOG", "c1"],
  ["explain", "LOG", "call_1"],
  ["diff", "LOG", "LOG"],
];

const rendering = fuzzTarget({
  name: "rendering",
  inputs: fc.array(hostileText, { minLength: 1, maxLength: 6 }),
  check: async (texts) => {
    using folder = scratchFolder();
    const path = join(folder.path, "log.jsonl");
    const [a = "", b = a, c = b, d = c, e = d, f = e] = texts;
    const log = new LogBuilder()
      .meta({ cli_version: a, model_provider: b })
      .begin("t1")
      .user(a + b)
      .event("user_message", { message: a + b })
      .call(c, { [d]: e }, "c1")
      .output("c1", f)
      .exec(d, "call_1")
      .cellOutput("call_1", "Script completed", e)
      .says(b)
      .event(c, { message: d })
      .event("turn_aborted", { turn_id: "t1", reason: f });
    writeFileSync(path, log.text());
    // On a terminal and into a file by turns: each takes as long as both find.
    for (const [index, command] of EVERY_COMMAND.entries()) {
      const args = command.map((word) => (word === "LOG" ? path : word));
      const { out, err } = await run(args, (index + texts.length) % 2 === 0 ? 40 : null);
      terminalSafe(out, `${command[0]}, to stdout,`);
      terminalSafe(err, `${command[0]}, to stderr,`);
    }
  },
});

const SECRETS = seededSecrets(7);
const DOCUMENTS: readonly JsonValue[] = [
  { input: [{ role: "user", content: "SECRET" }], nested: { SECRET: 1, text: ["a", "SECRET"] } },
  { arguments: JSON.stringify({ command: ["sh", "-c", "SECRET"] }) },
  ["SECRET"],
];

const redaction = fuzzTarget({
  name: "redaction",
  inputs: fc.tuple(mutated(DOCUMENTS), fc.nat(SECRETS.length - 1), hostileText, hostileText),
  check: ([document, index, before, after]) => {
    const { text, secret } = SECRETS[index] ?? { text: "", secret: "none" };
    // Apart from what is around it: what touches a secret may make it something else.
    const planted = JSON.parse(JSON.stringify(document), (_, value: unknown) =>
      typeof value === "string"
        ? value.replaceAll("SECRET", () => ` ${before} ; ${text} ; ${after} `)
        : value,
    ) as JsonValue;
    const redactor = jsonRedactor();
    const json = JSON.stringify(planted);
    const redacted = redactor.document(json);
    const value = JSON.parse(redacted) as JsonValue;
    hold(redactor.document(redacted) === redacted, "redacting twice is redacting once");
    const plain = JSON.stringify(secret).slice(1, -1);
    hold(!redacted.includes(plain), `a secret of rule ${SECRETS[index]?.rule} is gone`);
    hold(shapeOf(value) === shapeOf(planted), "nothing but strings changes");
  },
});

/** The value with its strings, keys included, left out. */
function shapeOf(value: JsonValue): string {
  return JSON.stringify(value, (_, part: JsonValue) => {
    if (typeof part === "string") return "";
    if (typeof part === "object" && part !== null && !Array.isArray(part)) return Object.values(part);
    return part;
  });
}

export const TEXT_TARGETS: readonly FuzzTarget[] = [escaping, rendering, redaction];
