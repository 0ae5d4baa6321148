/** What checks have found, in lines for a terminal. */
import type { CommandIo } from "../io.ts";
import { escapeText } from "../render/escape.ts";
import { count } from "../render/format.ts";
import { withFacts, wrapText, wrapWords } from "../render/wrap.ts";
import type { CheckedRollout, CheckResult } from "../verification/check-rollout.ts";

interface CheckedLineOptions extends Pick<CommandIo, "colour" | "columns"> {
  /** Of many rollouts only what is wrong with each is told. */
  readonly isOneOfMany: boolean;
}

export function checkedLines(rollout: CheckedRollout, options: CheckedLineOptions): readonly string[] {
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

export function failedLines(
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
