/** The command line: what may be typed, and which exit code comes of it. */
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { reduceCommand, type ReduceCommandOptions } from "./commands/reduce.ts";
import { showCommand, type ShowCommandOptions } from "./commands/show.ts";
import { CliError, EXIT, exitCodeOf } from "./errors.ts";
import type { CommandIo } from "./io.ts";
import { SOURCE_FORMATS } from "./sources/open-source.ts";
import { VERSION } from "./version.ts";

/** Runs the command with the arguments after the program's name. Returns the exit code and never throws for bad input. */
export function runCli(args: readonly string[], io: CommandIo): number {
  let code: number = EXIT.ok;
  const program = buildProgram(io, (result) => {
    code = result;
  });
  try {
    program.parse([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CliError)) throw error;
    io.err(`rollout-trace: ${error.message}\n`);
    return exitCodeOf(error);
  }
}

function buildProgram(io: CommandIo, done: (code: number) => void): Command {
  const program = new Command("rollout-trace")
    .description("Which model request caused this, what did the model see, who told whom.")
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(text), writeErr: (text) => io.err(text) })
    .showHelpAfterError("(--help shows what can be typed)");
  program.addHelpText(
    "after",
    `
A SOURCE is a store (an SQLite file) or a Codex trace bundle (a folder with manifest.json).
Exit codes: 0 fine, 1 the trace has errors under --strict, 2 wrong usage, 3 unreadable input.`,
  );
  sourceCommand(program, "reduce")
    .description("reduce a rollout to graph JSON")
    .option("-o, --output <file>", "write to a file instead of stdout")
    .option("--strict", "stop at the first error of the trace, exit code 1")
    .option("--expand", "write the full item list of every request")
    .addHelpText("after", "\nExample:\n  rollout-trace reduce session.db --rollout latest -o graph.json")
    .action((path: string, options: ReduceCommandOptions) => done(reduceCommand(path, options, io)));
  sourceCommand(program, "show")
    .description("show a rollout as a tree")
    .option("--thread <id>", "only this agent, by thread id or agent path")
    .option("--turn <id>", "only this turn")
    .addOption(new Option("--depth <levels>", "levels of the tree").argParser(levels))
    .option("--json", "the graph as JSON instead of a tree")
    .addHelpText("after", "\nExample:\n  rollout-trace show session.db --rollout latest --thread /root")
    .action((path: string, options: ShowCommandOptions) => done(showCommand(path, options, io)));
  return program;
}

function sourceCommand(program: Command, name: string): Command {
  return program
    .command(name)
    .argument("<source>", "a store or a bundle")
    .option("--rollout <id>", "which rollout, or `latest`; needed only where a source holds several")
    .addOption(
      new Option("--from <format>", "do not look at the content, it is this").choices([...SOURCE_FORMATS]),
    );
}

function levels(text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number) || number < 1) {
    throw new InvalidArgumentError("It must be a whole number of at least 1.");
  }
  return number;
}
