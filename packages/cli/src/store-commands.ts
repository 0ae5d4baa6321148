/** The commands about a whole store: what may be typed after them. */
import { type Command, Option } from "commander";
import type { CompactCommandOptions } from "./commands/compact.ts";
import type { ImportCommandOptions } from "./commands/import.ts";
import type { ListCommandOptions } from "./commands/list.ts";
import { age, moment } from "./commands/option-values.ts";
import type { PruneCommandOptions } from "./commands/prune.ts";
import type { TailCommandOptions } from "./commands/tail.ts";
import type { CommandIo } from "./io.ts";
import { LISTED_STATUSES } from "./listing/list-rollouts.ts";
import { SOURCE_FORMATS } from "./sources/source-format.ts";

/** An example at the end of a command's help. */
export function example(line: string): string {
  return `\nExample:\n  rollout-trace ${line}`;
}

export function addStoreCommands(program: Command, io: CommandIo, done: (code: number) => void): void {
  program
    .command("import")
    .argument("<source...>", "bundles, session logs, stores, or folders of them")
    .description(
      "copy recordings into a store, or what is new of them; exit code 1 or 3 for what was skipped",
    )
    .requiredOption("--store <store>", "the store; made when there is none")
    .option("--no-redact", "copy secrets as they are; default: replaced like those that are recorded")
    .addOption(
      new Option("--from <format>", "do not look at the content, it is this").choices([...SOURCE_FORMATS]),
    )
    .option("--verify", "then check each of them as `verify` does; exit code 1 for damage")
    .option("--json", "as JSON")
    .addHelpText("after", example("import ~/.codex/sessions --store sessions.db"))
    .action(async (paths: readonly string[], options: ImportCommandOptions) => {
      const { importCommand } = await import("./commands/import.ts");
      done(await importCommand(paths, options, io));
    });
  program
    .command("list")
    .argument("<store>", "a store")
    .description("the rollouts of a store, newest first")
    .addOption(
      new Option("--since <when>", "started since: 2026-11-24, 2026-11-24T15:04Z, 90m, 12h, 7d").argParser(
        moment,
      ),
    )
    .addOption(new Option("--status <status>", "only these").choices([...LISTED_STATUSES]))
    .option("--json", "as JSON")
    .addHelpText("after", example("list session.db --since 7d --status failed"))
    .action(async (path: string, options: ListCommandOptions) => {
      const { listCommand } = await import("./commands/list.ts");
      done(await listCommand(path, options, io));
    });
  program
    .command("tail")
    .argument("<store>", "a store that another process writes")
    .description("follow a rollout until its recording ends")
    .option(
      "--rollout <id>",
      "which rollout; `latest`: the latest, and each that starts after it; default: the latest",
    )
    .option("--json", "every event as a line of JSON")
    .addHelpText("after", example("tail session.db"))
    .action(async (path: string, options: TailCommandOptions) => {
      const { tailCommand } = await import("./commands/tail.ts");
      done(await tailCommand(path, options, io));
    });
  program
    .command("compact")
    .argument("<store>", "a store")
    .description("make a store smaller; what is read of it stays the same, and others may go on recording")
    .option("--no-vacuum", "compress only; do not give the freed space back")
    .option("--json", "as JSON")
    .addHelpText("after", example("compact session.db"))
    .action(async (path: string, options: CompactCommandOptions) => {
      const { compactCommand } = await import("./commands/compact.ts");
      done(await compactCommand(path, options, io));
    });
  program
    .command("prune")
    .argument("<store>", "a store")
    .description("remove old rollouts and what only they used; those that are being recorded are left")
    .addOption(
      new Option("--older-than <age>", "whose last event is older: 12h, 30d, 2026-11-24")
        .argParser(age)
        .makeOptionMandatory(),
    )
    .option("--dry-run", "only say what would go")
    .option("--json", "as JSON")
    .addHelpText("after", example("prune session.db --older-than 30d --dry-run"))
    .action(async (path: string, options: PruneCommandOptions) => {
      const { pruneCommand } = await import("./commands/prune.ts");
      done(await pruneCommand(path, options, io));
    });
}
