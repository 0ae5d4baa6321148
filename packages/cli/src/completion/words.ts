/** What can be completed, read off the definition of the command line: no list beside it that could fall behind. */
import type { Command, Option } from "commander";

export interface CompletedCommand {
  readonly name: string;
  readonly description: string;
  readonly options: readonly CompletedOption[];
  /** What an argument can be, where it is none of the user's files. */
  readonly argumentWords: readonly string[];
}

export interface CompletedOption {
  /** `--rollout`, `-o`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** What follows it: nothing, a file, one of some words, or what nobody here knows. */
  readonly value: "none" | "file" | "free" | readonly string[];
}

export function completedCommands(program: Command): readonly CompletedCommand[] {
  return program
    .createHelp()
    .visibleCommands(program)
    .map((command) => completed(program, command));
}

function completed(program: Command, command: Command): CompletedCommand {
  const isHelp = command.name() === "help";
  const words = command.registeredArguments.flatMap((argument) => argument.argChoices ?? []);
  return {
    name: command.name(),
    description: command.description(),
    options: command.createHelp().visibleOptions(command).map(option),
    argumentWords: isHelp ? program.commands.map((each) => each.name()) : words,
  };
}

function option(from: Option): CompletedOption {
  const { short, long, description, argChoices, flags } = from;
  const takesValue = from.required || from.optional;
  const value = takesValue
    ? (argChoices ?? KNOWN_WORDS[long ?? ""] ?? (isFile(flags) ? "file" : "free"))
    : "none";
  return { flags: [long, short].filter((flag) => flag !== undefined), description, value };
}

/** Words that are always possible where any are. */
const KNOWN_WORDS: { readonly [flag: string]: readonly string[] } = {
  "--rollout": ["latest"],
  "--rollout-b": ["latest"],
  "--ignore": ["times", "ids", "times,ids"],
};

function isFile(flags: string): boolean {
  return /[<[](file|folder|db|store|path)/.test(flags);
}
