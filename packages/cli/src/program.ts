/** The command line: what may be typed, and which exit code comes of it. */
import { Argument, Command, CommanderError, Option } from "commander";
import type { DiffCommandOptions } from "./commands/diff.ts";
import type { ExplainCommandOptions } from "./commands/explain.ts";
import type { ExportCommandOptions } from "./commands/export.ts";
import type { FixtureCommandOptions } from "./commands/fixture.ts";
import { GRAPH_FORMATS, ignorables, levels, names } from "./commands/option-values.ts";
import type { ReduceCommandOptions } from "./commands/reduce.ts";
import type { ReplayCommandOptions } from "./commands/replay.ts";
import type { ShowCommandOptions } from "./commands/show.ts";
import type { VerifyCommandOptions } from "./commands/verify.ts";
import type { WhyCommandOptions } from "./commands/why.ts";
import { completionScript, type Shell, SHELLS } from "./completion/scripts.ts";
import { completedCommands } from "./completion/words.ts";
import { CliError, EXIT, exitCodeOf } from "./errors.ts";
import { fitHelp, LEAST_DESCRIPTION_COLUMNS } from "./help.ts";
import { type CommandIo, outJson, withSafeMessages } from "./io.ts";
import { SOURCE_FORMATS } from "./sources/source-format.ts";
import { addStoreCommands, example } from "./store-commands.ts";
import { VERSION } from "./version.ts";

/** Runs the command with the arguments after the program's name. Gives the exit code and never rejects for bad input. */
export async function runCli(args: readonly string[], streams: CommandIo): Promise<number> {
  const io = withSafeMessages(streams);
  let code: number = EXIT.ok;
  const program = buildProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    if (!(error instanceof CliError)) throw error;
    io.err(`rollout-trace: ${error.message}\n`);
    return exitCodeOf(error);
  }
}

type Done = (code: number) => void;

function buildProgram(io: CommandIo, done: Done): Command {
  const columns = io.columns ?? HELP_COLUMNS;
  const program = new Command("rollout-trace")
    .description("Which model request caused this, what did the model see, who told whom.")
    .version(VERSION)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.out(fitHelp(text, columns)), writeErr: (text) => io.err(text) })
    .configureHelp({ helpWidth: columns, minWidthToWrap: LEAST_DESCRIPTION_COLUMNS })
    .showHelpAfterError("(--help shows what can be typed)");
  program.addHelpText(
    "after",
    `
A SOURCE is a store (an SQLite file), a Codex bundle (a folder with manifest.json), session logs of Codex or Claude Code (a file, or a folder of them) or another recording that --from can name; what it is, is found out from its content.
Exit codes: 0 fine; 1 the answer is no (errors of the trace, a difference, missing evidence); 2 wrong usage; 3 unreadable input or unwritable output; 130 Ctrl-C, 143 SIGTERM, 129 SIGHUP.`,
  );
  addRolloutCommands(program, io, done);
  addObjectCommands(program, io, done);
  addStoreCommands(program, io, done);
  program
    .command("completion")
    .addArgument(new Argument("<shell>", "whose script to print").choices([...SHELLS]))
    .description("print a completion script for a shell")
    .option("--json", "as JSON")
    .addHelpText("after", example("completion bash"))
    .action((shell: Shell, { json }: { readonly json?: boolean }) => {
      const script = completionScript(shell, completedCommands(program));
      if (json === true) outJson(io, `${JSON.stringify({ shell, script }, null, 1)}\n`);
      else io.out(script);
    });
  return program;
}

/** Columns of the help where there is no terminal. */
const HELP_COLUMNS = 100;

/** Commands about one rollout. */
function addRolloutCommands(program: Command, io: CommandIo, done: Done): void {
  sourceCommand(program, "show")
    .description("show a rollout as a tree")
    .option("--thread <id>", "only this agent, by agent path, thread id, or the beginning of one")
    .option("--turn <turn>", "only this turn: `2` (of --thread, or of the root), `2 of /root/agent`, an id")
    .addOption(new Option("--depth <levels>", "levels of the tree").argParser(levels))
    .option("--prices <file>", "JSON with prices per million tokens, for costs")
    .option("--files", "the files that tools changed, instead of a tree")
    .option("--json", "the graph as JSON instead of a tree")
    .addHelpText("after", example("show session.db --rollout latest --thread /root"))
    .action(async (path: string, options: ShowCommandOptions) => {
      const { showCommand } = await import("./commands/show.ts");
      done(await showCommand(path, options, io));
    });
  sourceCommand(program, "reduce")
    .description("reduce a rollout to graph JSON")
    .option("-o, --output <file>", "write to a file instead of stdout")
    .option("--strict", "stop at the first error of the trace, exit code 1")
    .option("--expand", "write the full item list of every request")
    .addOption(
      new Option("--format <format>", "`codex`: in the shape that Codex's own reducer writes")
        .choices([...GRAPH_FORMATS])
        .default("graph"),
    )
    .option("--json", "as everywhere; what is written is JSON anyway")
    .addHelpText("after", example("reduce session.db --rollout latest -o graph.json"))
    .action(async (path: string, options: ReduceCommandOptions) => {
      const { reduceCommand } = await import("./commands/reduce.ts");
      done(await reduceCommand(path, options, io));
    });
  sourceCommand(program, "verify")
    .description("check events, payloads and graph; prints the graph's digest; exit code 1 for damage")
    .option("--json", "as JSON")
    .addHelpText("after", `\nWithout --rollout all rollouts of a store.\n${example("verify session.db")}`)
    .action(async (path: string, options: VerifyCommandOptions) => {
      const { verifyCommand } = await import("./commands/verify.ts");
      done(await verifyCommand(path, options, io));
    });
  sourceCommand(program, "export")
    .description("write a rollout for another tool; exit code 1 when something had to be left out")
    .option("--html", "one page that opens from disk, without a network: timeline, transcripts, evidence")
    .option("--perfetto", "a trace for ui.perfetto.dev and the trace processor (protobuf)")
    .option("--mermaid", "a sequence diagram, cut to what such a picture can hold")
    .option("--otlp", "OTLP/JSON with the recorded times, for any OpenTelemetry collector")
    .option("--content", "with --otlp: also prompts, outputs, scripts, and what tools were given and gave")
    .option("--ndjson", "the raw events as lines of JSON, each with the payloads that it names")
    .option("--payload-refs", "with --ndjson: leave the payloads out")
    .option("--bundle <folder>", "a Codex trace bundle in a folder that does not exist yet")
    .option(
      "--bundle-version <version>",
      "1 (read by Codex up to 0.164) or 2 (from 0.169); default: what fits",
    )
    .option("-o, --output <file>", "write to a file instead of stdout")
    .option("--json", "say as JSON what was written, with -o or --bundle")
    .addHelpText("after", example("export session.db --rollout latest --html -o session.html"))
    .action(async (path: string, options: ExportCommandOptions) => {
      const { exportCommand } = await import("./commands/export.ts");
      done(await exportCommand(path, options, io));
    });
  program
    .command("diff")
    .argument("<a>", "a store, a bundle or another recording")
    .argument("<b>", "another one, or the same")
    .description(
      "what is different between two rollouts, first divergence first; exit code 1 for a difference",
    )
    .option("--rollout <id>", "which rollout, or `latest`")
    .option("--rollout-b <id>", "which rollout of B; default: as --rollout")
    .addOption(new Option("--ignore <what>", "`times`, `ids` or both, with a comma").argParser(ignorables))
    .addOption(fromOption())
    .option("--json", "as JSON")
    .addHelpText("after", example("diff before.db after.db --rollout latest --ignore times,ids"))
    .action(async (a: string, b: string, options: DiffCommandOptions) => {
      const { diffCommand } = await import("./commands/diff.ts");
      done(await diffCommand(a, b, options, io));
    });
  sourceCommand(program, "fixture")
    .description("cut a regression fixture: a recording without secrets, its graph, and a test of it")
    .requiredOption("-o, --output <folder>", "the folder to make; that of a fixture is replaced")
    .addOption(
      new Option(
        "--secret-field <names>",
        "further fields whose values are secrets: a name, several with commas, or the option again",
      ).argParser(names),
    )
    .option("--json", "as JSON")
    .addHelpText("after", example("fixture session.db --rollout latest -o fixtures/weather"))
    .action(async (path: string, options: FixtureCommandOptions) => {
      const { fixtureCommand } = await import("./commands/fixture.ts");
      done(await fixtureCommand(path, options, io));
    });
}

/** Commands about one object of a rollout. */
function addObjectCommands(program: Command, io: CommandIo, done: Done): void {
  const objectHelp =
    "an id of the graph, a call id, `item 12`, `cell 3`, `turn 2 of /root`, `model request 1 in turn 2`, an agent path";
  sourceCommand(program, "explain")
    .argument("<object...>", objectHelp)
    .description("why an object is there: its links, its events, what the model saw of it")
    .option("--json", "as JSON")
    .addHelpText("after", example("explain session.db cell 1 of /root --rollout latest"))
    .action(async (path: string, object: readonly string[], options: ExplainCommandOptions) => {
      const { explainCommand } = await import("./commands/explain.ts");
      done(await explainCommand(path, object.join(" "), options, io));
    });
  sourceCommand(program, "why")
    .argument("<object...>", objectHelp)
    .description(
      "the shortest chain of recorded causes back to a user's message; exit code 1 for missing evidence",
    )
    .option("--json", "as JSON")
    .addHelpText("after", example("why session.db item 2 --rollout latest"))
    .action(async (path: string, object: readonly string[], options: WhyCommandOptions) => {
      const { whyCommand } = await import("./commands/why.ts");
      done(await whyCommand(path, object.join(" "), options, io));
    });
  sourceCommand(program, "replay")
    .argument("<cell...>", "`cell 3`, `cell 3 of /root`, or the call id of its exec")
    .description("run a recorded cell again from its journal; exit code 1 when it behaves differently")
    .option("--tools <file>", "JSON: the tools that the cell had; default: those that its script names")
    .option("--json", "as JSON")
    .addHelpText("after", example("replay session.db cell 1 of /root --rollout latest"))
    .action(async (path: string, cell: readonly string[], options: ReplayCommandOptions) => {
      const { replayCommand } = await import("./commands/replay.ts");
      done(await replayCommand(path, cell.join(" "), options, io));
    });
}

function sourceCommand(program: Command, name: string): Command {
  return program
    .command(name)
    .argument("<source>", "a store, a bundle or another recording")
    .option(
      "--rollout <id>",
      "which rollout, by id or the beginning of one, or `latest`; needed only where a source holds several",
    )
    .addOption(fromOption());
}

function fromOption(): Option {
  return new Option("--from <format>", "do not look at the content, it is this").choices([...SOURCE_FORMATS]);
}
