import { type RolloutId, asId } from "@rollout-trace/protocol";
import { EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { escapeText } from "../render/escape.ts";
import { count } from "../render/format.ts";
import { page } from "../render/page.ts";
import { withFacts, wrapText, wrapWords } from "../render/wrap.ts";
import { progressLine } from "./progress.ts";
import { isStore, openNamedSource } from "./open-named-source.ts";
import { openStore } from "./open-store.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { chooseRollout } from "../sources/store.ts";
import { type CheckedRollout, checkRollout, type CheckResult } from "../verification/check-rollout.ts";
import { type CheckedStore, checkStore } from "../verification/check-store.ts";

export interface VerifyCommandOptions extends SourceOptions {
  readonly json?: boolean | undefined;
}

/**
 * Checks a rollout, or all those of a store. Prints the digest of each graph. Exit code 1 when a check found something.
 * Throws `CliError` as `openSource` does.
 */
export async function verifyCommand(
  path: string,
  options: VerifyCommandOptions,
  io: CommandIo,
): Promise<number> {
  const checked: CheckedRollout[] = [];
  const { from = "store" } = options;
  const store = from === "store" && isStore(path) ? checkStore(path) : null;
  if (store !== null && store.file.count > 0 && options.json !== true) {
    io.out(page([`${io.colour.red("damaged")}  ${escapeText(path)}`, ...failedLines(store.file, io)], io));
  }
  for await (const { rollout, isOneOfMany } of checkEach(path, options, { io, store })) {
    checked.push(rollout);
    if (options.json !== true)
      io.out(page(lines(rollout, { colour: io.colour, columns: io.columns, isOneOfMany }), io));
  }
  const ok = checked.every((rollout) => rollout.ok) && (store?.file.count ?? 0) === 0;
  const file = store === null ? {} : { store: { ...store.checked, ...store.file } };
  if (options.json === true) outJson(io, `${JSON.stringify({ ok, ...file, rollouts: checked }, null, 1)}\n`);
  else if (checked.length !== 1) io.out(`${summary(checked)}\n`);
  return ok ? EXIT.ok : EXIT.traceErrors;
}

function summary(checked: readonly CheckedRollout[]): string {
  if (checked.length === 0) return "the store holds no rollout yet";
  return `${count(checked.length, "rollout")}, ${checked.filter(({ ok }) => !ok).length} damaged`;
}

interface Verified {
  readonly rollout: CheckedRollout;
  readonly isOneOfMany: boolean;
}

interface Checks {
  readonly io: CommandIo;
  /** Null for what is no store. */
  readonly store: CheckedStore | null;
}

async function* checkEach(
  path: string,
  options: SourceOptions,
  { io, store: file }: Checks,
): AsyncGenerator<Verified, void> {
  if (file === null) {
    using source = await openNamedSource(path, options);
    yield { rollout: checkRollout(source), isOneOfMany: false };
    return;
  }
  using store = openStore(path);
  if (options.rollout !== undefined) {
    const traceId = chooseRollout(path, store, options.rollout);
    using source = await openNamedSource(path, { ...options, rollout: traceId });
    yield { rollout: checkRollout(source, [file.ofRollout(traceId)]), isOneOfMany: false };
    return;
  }
  // By trace id: a rollout that was recorded twice is two recordings.
  const rollouts = store.rollouts();
  using line = progressLine(io);
  for (const [index, { traceId }] of rollouts.entries()) {
    line.show(() => `verifying: ${index + 1} of ${rollouts.length} rollouts`);
    const source = store.openRollout(asId<RolloutId>(traceId));
    const open = { format: "store", rollout: source, [Symbol.dispose]: () => undefined } as const;
    const rollout = checkRollout(open, [file.ofRollout(traceId)]);
    line.clear();
    yield { rollout, isOneOfMany: rollouts.length > 1 };
  }
}

interface LineOptions extends Pick<CommandIo, "colour" | "columns"> {
  /** Of many rollouts only what is wrong with each is told. */
  readonly isOneOfMany: boolean;
}

function lines(rollout: CheckedRollout, options: LineOptions): readonly string[] {
  const { colour, columns, isOneOfMany } = options;
  const word = rollout.ok ? colour.green("ok") : colour.red("damaged");
  const facts = `${count(rollout.events, "event")}, ${count(rollout.payloads, "payload")}`;
  const failed = rollout.checks
    .filter((check) => check.count > 0)
    .flatMap((check) => failedLines(check, { colour, columns }));
  const passed = rollout.checks
    .filter((check) => check.count === 0 && !isOneOfMany)
    .map((check) => `  ${colour.green("✓")} ${check.name}`);
  return [
    ...withFacts(
      `${word}  ${escapeText(rollout.rollout_id)}`,
      { facts, styled: colour.dim(facts), indent: "  " },
      columns,
    ),
    ...wrapWords(rollout.digest, columns, "  digest "),
    ...failed,
    ...passed,
  ];
}

function failedLines(
  check: CheckResult,
  { colour, columns }: Pick<CommandIo, "colour" | "columns">,
): readonly string[] {
  const more = check.count - check.problems.length;
  return [
    `  ${colour.red("✗")} ${check.name}: ${count(check.count, "problem")}`,
    ...check.problems.flatMap((problem) => wrapText(problem, { columns, indent: "      ", lines: 3 })),
    ...(more > 0 ? [`      … and ${more} more`] : []),
  ];
}
