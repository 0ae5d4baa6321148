import { CliError, EXIT, messageOf } from "../errors.ts";
import { type CommandIo, outJson } from "../io.ts";
import { page } from "../render/page.ts";
import { listTable } from "../render/list-table.ts";
import { type ListOptions, listRollouts, type RolloutList } from "../listing/list-rollouts.ts";
import { openStore } from "./open-store.ts";
import { namedFormat } from "./open-named-source.ts";

export interface ListCommandOptions extends ListOptions {
  readonly json?: boolean | undefined;
}

/**
 * Lists the rollouts of a store, newest first, with what the store can count without reducing them. Throws `CliError`
 * `unreadable_source` or `unknown_format`.
 */
export async function listCommand(path: string, options: ListCommandOptions, io: CommandIo): Promise<number> {
  if ((await namedFormat(path)) !== "store") {
    throw new CliError(
      "unknown_format",
      `${path}: \`list\` reads stores (SQLite files); \`show\` reads this one`,
    );
  }
  const list = readOrThrow(path, options);
  if (options.json === true) {
    const { rollouts, unread } = list;
    const notCounted = [...(unread > 0 ? ["tokens"] : []), "diagnostics", "findings"];
    outJson(io, `${JSON.stringify({ rollouts, not_counted: notCounted }, null, 1)}\n`);
  } else io.out(page(listTable(list, io), io));
  return EXIT.ok;
}

function readOrThrow(path: string, options: ListOptions): RolloutList {
  using store = openStore(path);
  try {
    return listRollouts(store, options);
  } catch (error) {
    throw new CliError("unreadable_source", `${path}: ${messageOf(error)}`, { cause: error });
  }
}
