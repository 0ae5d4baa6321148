import { compare, type FieldChange, type Hunk } from "../comparison/compare.ts";
import type { Ignorable } from "../comparison/ignorable.ts";
import { outlineOf, type Step } from "../comparison/outline.ts";
import { EXIT } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { escapeText, fitText } from "../render/escape.ts";
import { count } from "../render/format.ts";
import { page } from "../render/page.ts";
import type { SourceOptions } from "../sources/open-source.ts";
import { openGraph } from "./open-graph.ts";

export interface DiffCommandOptions extends SourceOptions {
  /** Which rollout of B. Default: as of A. */
  readonly rolloutB?: string | undefined;
  readonly ignore?: readonly Ignorable[] | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Compares two rollouts by structure. Prints nothing for equal ones. Exit code 1 for a difference. Throws `CliError` as
 * `openSource` does.
 */
export async function diffCommand(
  pathA: string,
  pathB: string,
  options: DiffCommandOptions,
  io: CommandIo,
): Promise<number> {
  const ignored = new Set(options.ignore);
  using a = await openGraph(pathA, options, io);
  using b = await openGraph(pathB, { ...options, rollout: options.rolloutB ?? options.rollout }, io);
  const hunks = compare(outlineOf(a.graph, ignored), outlineOf(b.graph, ignored));
  if (options.json === true) outJson(io, `${JSON.stringify(asJson(hunks), null, 1)}\n`);
  else if (hunks.length > 0)
    io.out(
      page(
        hunks.flatMap((hunk) => lines(hunk, io)),
        io,
      ),
    );
  if (hunks.length > 0 && options.json !== true) io.err(`${count(hunks.length, "difference")}\n`);
  return hunks.length === 0 ? EXIT.ok : EXIT.traceErrors;
}

function asJson(hunks: readonly Hunk[]): object {
  const step = (side: Step | null): object | null =>
    side === null ? null : { seq: citedSeq(side), object: side.anchor };
  return {
    equal: hunks.length === 0,
    hunks: hunks.map(({ kind, path, a, b, fields }) => ({ kind, path, a: step(a), b: step(b), fields })),
  };
}

/** The `seq` at which a step began; null for what no event begins, which is the rollout. */
function citedSeq({ seq }: Step): number | null {
  return seq > 0 ? Math.ceil(seq) : null;
}

const SIGNS = { added: "+", removed: "-", changed: "~" } as const;

function lines(hunk: Hunk, io: CommandIo): readonly string[] {
  const { colour, columns } = io;
  const paint = { added: colour.green, removed: colour.red, changed: colour.yellow }[hunk.kind];
  const place = hunk.path.length === 0 ? "rollout" : hunk.path.join(" › ");
  const seqs = (["a", "b"] as const).flatMap((side) => {
    const step = hunk[side];
    const seq = step === null ? null : citedSeq(step);
    return seq === null ? [] : [`${side} seq ${seq}`];
  });
  const head = columns === null ? escapeText(place) : fitText(place, Math.max(MIN_COLUMNS, columns - 2));
  return [
    paint(`${SIGNS[hunk.kind]} ${head}`),
    ...(seqs.length === 0 ? [] : [colour.dim(`    ${seqs.join(", ")}`)]),
    ...hunk.fields.flatMap((field) => fieldLines(field, io)),
  ];
}

const MIN_COLUMNS = 16;
/** Columns of a value where there is no terminal. */
const VALUE_COLUMNS = 160;
/** Characters kept in front of the place where two texts part. */
const LEAD = 24;

/** Both values, from shortly before they part. */
function fieldLines({ name, a, b }: FieldChange, { colour, columns }: CommandIo): readonly string[] {
  const room = columns === null ? VALUE_COLUMNS : Math.max(MIN_COLUMNS, columns - INDENT.length - 2);
  const from = a === null || b === null ? 0 : Math.max(0, commonLength(a, b) - LEAD);
  const side = (text: string): string =>
    fitText((from > 0 ? "…" : "") + (text === "" ? "(nothing)" : text.slice(from)), room);
  return [
    `    ${name}`,
    ...(a === null ? [] : [colour.red(`${INDENT}- ${side(a)}`)]),
    ...(b === null ? [] : [colour.green(`${INDENT}+ ${side(b)}`)]),
  ];
}

const INDENT = "      ";

function commonLength(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  for (let index = 0; index < most; index += 1) {
    if (a[index] !== b[index]) return index;
  }
  return most;
}
