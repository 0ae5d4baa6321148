import { EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { escapeText } from "../render/escape.ts";
import { count } from "../render/format.ts";
import { page } from "../render/page.ts";
import { checkedLines, failedLines } from "./checked-lines.ts";
import { progressLine } from "./progress.ts";
import { isStore, openNamedSource } from "./open-named-source.ts";
import { openStore } from "./open-store.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { chooseRollout } from "../sources/store.ts";
import { type CheckedRollout, checkRollout, checkStored } from "../verification/check-rollout.ts";
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
      io.out(page(checkedLines(rollout, { colour: io.colour, columns: io.columns, isOneOfMany }), io));
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
  const rollouts = store.rollouts();
  using line = progressLine(io);
  for (const [index, { traceId }] of rollouts.entries()) {
    line.show(() => `verifying: ${index + 1} of ${rollouts.length} rollouts`);
    const rollout = checkStored(store, traceId, [file.ofRollout(traceId)]);
    line.clear();
    yield { rollout, isOneOfMany: rollouts.length > 1 };
  }
}
