import { CliError, EXIT, messageOf } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { page } from "../render/page.ts";
import { listTable } from "../render/list-table.ts";
import { type ListedRollout, type ListedStatus, listRollouts } from "../listing/list-rollouts.ts";
import { openStore } from "./open-store.ts";
import { namedFormat } from "./open-named-source.ts";

export interface ListCommandOptions {
  /** Only rollouts that started at this moment or later, in microseconds since the epoch. */
  readonly since?: number | undefined;
  readonly status?: ListedStatus | undefined;
  readonly json?: boolean | undefined;
}

/**
 * Lists the rollouts of a store, newest first, with what the store can count without reading payloads. Throws `CliError`
 * `unreadable_source` or `unknown_format`.
 */
export async function listCommand(path: string, options: ListCommandOptions, io: CommandIo): Promise<number> {
  if ((await namedFormat(path)) !== "store") {
    throw new CliError(
      "unknown_format",
      `${path}: \`list\` reads stores (SQLite files); \`show\` reads this one`,
    );
  }
  const rollouts = readOrThrow(path).filter(
    (rollout) =>
      (options.since === undefined || rollout.started_at_us >= options.since) &&
      (options.status === undefined || rollout.status === options.status),
  );
  if (options.json === true)
    outJson(io, `${JSON.stringify({ rollouts, not_counted: NOT_COUNTED }, null, 1)}\n`);
  else io.out(page(listTable(rollouts, io), io));
  return EXIT.ok;
}

const NOT_COUNTED: readonly string[] = ["tokens", "diagnostics", "findings"];

function readOrThrow(path: string): readonly ListedRollout[] {
  using store = openStore(path);
  try {
    return listRollouts(store);
  } catch (error) {
    throw new CliError("unreadable_source", `${path}: ${messageOf(error)}`, { cause: error });
  }
}
