import { existsSync, realpathSync } from "node:fs";
import {
  type ImportResult,
  openRolloutImporter,
  type RolloutImporter,
  TraceStoreError,
  type TraceStoreErrorCode,
} from "@rollout-trace/trace";
import { CliError, type CliErrorCode, EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { escapeText, fitText } from "../render/escape.ts";
import { count, grouped } from "../render/format.ts";
import { page } from "../render/page.ts";
import { withFacts, wrapWords } from "../render/wrap.ts";
import { everyRollout, type FoundRollout } from "../sources/every-rollout.ts";
import type { SourceFormat } from "../sources/source-format.ts";
import type { CheckedRollout } from "../verification/check-rollout.ts";
import { checkedLines } from "./checked-lines.ts";
import { openStore } from "./open-store.ts";
import { type ProgressLine, progressLine } from "./progress.ts";

export interface ImportCommandOptions {
  /** The store to import into. */
  readonly store: string;
  /** Forces the format. Default: found out from the content. */
  readonly from?: SourceFormat | undefined;
  /** False: secrets are copied as they are. Default: replaced like those that are recorded. */
  readonly redact?: boolean | undefined;
  /** Checks each rollout that was imported or was there already, as `verify` does of a rollout. */
  readonly verify?: boolean | undefined;
  readonly json?: boolean | undefined;
}

interface ImportedRollout {
  readonly path: string;
  readonly format: SourceFormat;
  readonly rollout_id: string;
  readonly trace_id: string;
  readonly outcome: ImportResult["outcome"];
  readonly added_events: number;
  readonly replaced_events: number;
  readonly unreadable_places: number;
  /** With `verify`. */
  checked?: CheckedRollout;
}

interface Skipped {
  readonly path: string;
  readonly code: CliErrorCode | TraceStoreErrorCode;
  readonly message: string;
}

/** What one rollout has to do with, and not the store or the disk: the others may go in. */
const REFUSED: ReadonlySet<TraceStoreErrorCode> = new Set([
  "source_rewritten",
  "import_incomplete",
  "recorded_here",
  "nothing_to_import",
  "unrecordable",
]);

/**
 * Copies recordings into a store: what is new of them. What cannot be read or contradicts what is there is reported and
 * skipped. Rejects with `CliError` `unwritable_output` for a store that cannot be written.
 */
export async function importCommand(
  paths: readonly string[],
  options: ImportCommandOptions,
  io: CommandIo,
): Promise<number> {
  const run = new ImportRun(options, io);
  for (const path of paths) run.importAll(path);
  run.close();
  if (options.verify === true) await run.verify();
  return run.report();
}

class ImportRun {
  readonly #options: ImportCommandOptions;
  readonly #io: CommandIo;
  readonly #imported: ImportedRollout[] = [];
  readonly #skipped: Skipped[] = [];
  #importer: RolloutImporter | null = null;

  constructor(options: ImportCommandOptions, io: CommandIo) {
    this.#options = options;
    this.#io = io;
  }

  importAll(path: string): void {
    using line = progressLine(this.#io);
    let rollouts: readonly FoundRollout[] = [];
    try {
      if (isSameFile(path, this.#options.store)) {
        throw new CliError("usage", `${path}: a store is not imported into itself`);
      }
      rollouts = everyRollout(path, {
        from: this.#options.from,
        report: ({ where, message, code }) =>
          this.#skip(line, { path: where, code, message: withoutPath(message, where) }),
      });
    } catch (error) {
      if (!(error instanceof CliError) || error.code === "usage") throw error;
      this.#skip(line, { path, code: error.code, message: withoutPath(error.message, path) });
    }
    for (const [index, rollout] of rollouts.entries())
      this.#importOne(rollout, line, `${index + 1} of ${rollouts.length}`);
  }

  close(): void {
    this.#importer?.close();
  }

  /** Reads what is in the store now. */
  async verify(): Promise<void> {
    if (this.#imported.length === 0) return;
    const { checkStored } = await import("../verification/check-rollout.ts");
    using store = openStore(this.#options.store);
    using line = progressLine(this.#io);
    for (const [index, rollout] of this.#imported.entries()) {
      line.show(() => `verifying: ${index + 1} of ${this.#imported.length} rollouts`);
      rollout.checked = checkStored(store, rollout.trace_id);
    }
  }

  report(): number {
    const { redactedSecrets = {} } = this.#importer ?? {};
    const result = { rollouts: this.#imported, skipped: this.#skipped, redacted_secrets: redactedSecrets };
    if (this.#options.json === true) outJson(this.#io, `${JSON.stringify(result, null, 1)}\n`);
    else this.#io.out(page(this.#lines(redactedSecrets), this.#io));
    if (this.#skipped.some(({ code }) => !REFUSED.has(code as TraceStoreErrorCode))) return EXIT.unreadable;
    const isDamaged = this.#imported.some(({ checked }) => checked?.ok === false);
    return isDamaged || this.#skipped.length > 0 ? EXIT.traceErrors : EXIT.ok;
  }

  #importOne({ path, format, open }: FoundRollout, line: ProgressLine, place: string): void {
    try {
      using opened = open();
      const { rollout, inputs } = opened;
      const result = this.#opened().importRollout(rollout, {
        format,
        inputs,
        onProgress: ({ records }) =>
          line.show(() => `importing rollout ${place}: ${grouped(records)} events`),
      });
      this.#imported.push({
        path,
        format,
        rollout_id: result.rolloutId,
        trace_id: result.traceId,
        outcome: result.outcome,
        added_events: result.addedEvents,
        replaced_events: result.replacedEvents,
        unreadable_places: result.strays,
      });
      if (result.strays > 0) {
        line.clear();
        const places = count(result.strays, "place");
        this.#io.err(
          `${path}: ${places} in it cannot be read or used; the rest of ${result.rolloutId} is imported\n`,
        );
      }
    } catch (error) {
      if (error instanceof TraceStoreError && REFUSED.has(error.code)) {
        this.#skip(line, { path, code: error.code, message: withoutPath(error.message, path) });
      } else if (error instanceof CliError && error.code === "unreadable_source") {
        this.#skip(line, { path, code: error.code, message: withoutPath(error.message, path) });
      } else throw asUnwritable(error);
    }
  }

  /** Opened when there is something to import: a mistyped source makes no store. */
  #opened(): RolloutImporter {
    const { store: path, redact } = this.#options;
    this.#importer ??= openRolloutImporter({ path, redact: redact === false ? false : undefined });
    return this.#importer;
  }

  #skip(line: ProgressLine, skipped: Skipped): void {
    line.clear();
    this.#skipped.push(skipped);
    this.#io.err(`${skipped.path}: skipped: ${fitText(skipped.message, MESSAGE_COLUMNS)}\n`);
  }

  #lines(redacted: Readonly<Record<string, number>>): readonly string[] {
    const { colour, columns } = this.#io;
    const changed = this.#imported.filter(({ outcome }) => outcome !== "unchanged");
    const unchanged = this.#imported.length - changed.length;
    const secrets = Object.values(redacted).reduce((sum, one) => sum + one, 0);
    const summary = [
      count(changed.length, "rollout") + " imported",
      ...(unchanged > 0 ? [`${grouped(unchanged)} unchanged`] : []),
      ...(this.#skipped.length > 0 ? [`${grouped(this.#skipped.length)} skipped`] : []),
      ...(secrets > 0 ? [`${count(secrets, "secret")} replaced`] : []),
    ];
    return [
      ...changed.flatMap(({ rollout_id, outcome, added_events, format }) => {
        const isNew = outcome === "new";
        const facts = `${format}, ${isNew ? "" : "+"}${count(added_events, "event")}`;
        const line = `${isNew ? "new      " : "continued"}  ${escapeText(rollout_id)}`;
        return withFacts(line, { facts, styled: colour.dim(facts), indent: " ".repeat(11) }, columns);
      }),
      ...this.#imported.flatMap(({ checked }) =>
        checked === undefined ? [] : checkedLines(checked, { colour, columns, isOneOfMany: true }),
      ),
      ...wrapWords(summary.join(", "), columns),
    ];
  }
}

const MESSAGE_COLUMNS = 300;

function isSameFile(path: string, store: string): boolean {
  return existsSync(path) && existsSync(store) && realpathSync(path) === realpathSync(store);
}

function withoutPath(message: string, path: string): string {
  return message.startsWith(`${path}: `) ? message.slice(path.length + 2) : message;
}

function asUnwritable(error: unknown): unknown {
  if (!(error instanceof TraceStoreError)) return error;
  return new CliError("unwritable_output", error.message, { cause: error });
}
