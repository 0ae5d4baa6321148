import { type RolloutId, asId } from "@rollout-trace/protocol";
import { EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { escapeText } from "../render/escape.ts";
import { count } from "../render/format.ts";
import { page } from "../render/page.ts";
import { wrapText } from "../render/wrap.ts";
import { progressLine } from "./progress.ts";
import { openStore } from "./open-store.ts";
import { detectFormat, openSource, type SourceOptions } from "../sources/open-source.ts";
import { type CheckedRollout, checkRollout } from "../verification/check-rollout.ts";

export interface VerifyCommandOptions extends SourceOptions {
  readonly json?: boolean | undefined;
}

/**
 * Checks a rollout, or all those of a store. Prints the digest of each graph. Exit code 1 when a check found something.
 * Throws `CliError` as `openSource` does.
 */
export function verifyCommand(path: string, options: VerifyCommandOptions, io: CommandIo): number {
  const checked: CheckedRollout[] = [];
  for (const { rollout, isOneOfMany } of checkEach(path, options, io)) {
    checked.push(rollout);
    if (options.json !== true)
      io.out(page(lines(rollout, { colour: io.colour, columns: io.columns, isOneOfMany }), io));
  }
  const ok = checked.every((rollout) => rollout.ok);
  if (options.json === true) outJson(io, `${JSON.stringify({ ok, rollouts: checked }, null, 1)}\n`);
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

function* checkEach(path: string, options: SourceOptions, io: CommandIo): Generator<Verified, void> {
  const format = options.from ?? detectFormat(path);
  if (format !== "store" || options.rollout !== undefined) {
    using source = openSource(path, { ...options, from: format });
    yield { rollout: checkRollout(source), isOneOfMany: false };
    return;
  }
  using store = openStore(path);
  // By trace id: a rollout that was recorded twice is two recordings.
  const rollouts = store.rollouts();
  using line = progressLine(io);
  for (const [index, { traceId }] of rollouts.entries()) {
    line.show(() => `verifying: ${index + 1} of ${rollouts.length} rollouts`);
    const source = store.openRollout(asId<RolloutId>(traceId));
    const rollout = checkRollout({ format, rollout: source, [Symbol.dispose]: () => undefined });
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
    .flatMap((check) => [
      `  ${colour.red("✗")} ${check.name}: ${count(check.count, "problem")}`,
      ...check.problems.flatMap((problem) => wrapText(problem, { columns, indent: "      ", lines: 3 })),
      ...(check.count > check.problems.length
        ? [`      … and ${check.count - check.problems.length} more`]
        : []),
    ]);
  const passed = rollout.checks
    .filter((check) => check.count === 0 && !isOneOfMany)
    .map((check) => `  ${colour.green("✓")} ${check.name}`);
  return [
    `${word}  ${escapeText(rollout.rollout_id)}  ${colour.dim(facts)}`,
    `  digest ${rollout.digest}`,
    ...failed,
    ...passed,
  ];
}
