/**
 * Completion scripts. They hold all that there is to complete, so that a press of the key starts no program; where a file of
 * the user's may stand, the shell completes files.
 */
import type { CompletedCommand, CompletedOption } from "./words.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return { bash, zsh, fish }[shell](commands);
}

/** Options of the program itself. */
const OWN_OPTIONS = ["--help", "--version"];

function bash(commands: readonly CompletedCommand[]): string {
  const names = [...commands.map(({ name }) => name), ...OWN_OPTIONS];
  return `# rollout-trace completion for bash. In ~/.bashrc: source <(rollout-trace completion bash)
_rollout_trace() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="" index
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    if [[ \${COMP_WORDS[index]} != -* ]]; then command="\${COMP_WORDS[index]}"; break; fi
  done
  case "$command" in
    "") COMPREPLY=($(compgen -W "${names.join(" ")}" -- "$current")) ;;
${commands.map(bashCommand).join("\n")}
  esac
}
complete -o default -F _rollout_trace rollout-trace
`;
}

function bashCommand({ name, options, argumentWords }: CompletedCommand): string {
  const values = options.flatMap(({ flags, value }) => {
    if (value === "none") return [];
    const reply =
      value === "file"
        ? ""
        : `COMPREPLY=($(compgen -W "${value === "free" ? "" : value.join(" ")}" -- "$current")); `;
    return [`        ${flags.join("|")}) ${reply}return ;;`];
  });
  const flags = options.flatMap((option) => option.flags.slice(0, 1));
  const lines = [
    `    ${name})`,
    ...(values.length === 0 ? [] : ['      case "$previous" in', ...values, "      esac"]),
    `      if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "${flags.join(" ")}" -- "$current")); return; fi`,
    ...(argumentWords.length === 0
      ? []
      : [`      COMPREPLY=($(compgen -W "${argumentWords.join(" ")}" -- "$current"))`]),
    "      ;;",
  ];
  return lines.join("\n");
}

function zsh(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`);
  return `#compdef rollout-trace
# rollout-trace completion for zsh. In ~/.zshrc, after compinit: source <(rollout-trace completion zsh)
_rollout_trace() {
  local -a commands
  commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  local command=$words[2]
  (( CURRENT-- ))
  shift words
  case $command in
${commands.map(zshCommand).join("\n")}
  esac
}
if [[ $funcstack[1] == _rollout_trace ]]; then _rollout_trace "$@"; else compdef _rollout_trace rollout-trace; fi
`;
}

function zshCommand({ name, options, argumentWords }: CompletedCommand): string {
  const specs = options.flatMap(({ flags, description, value }) => {
    const follows =
      value === "none"
        ? ""
        : value === "file"
          ? ":file:_files"
          : `:value:${value === "free" ? "" : `(${value.join(" ")})`}`;
    const text = description.replaceAll(/[[\]\\:]/g, "\\$&");
    return flags.map((flag) => quoted(`${flag}[${text}]${follows}`));
  });
  const rest = argumentWords.length === 0 ? "*:file:_files" : `1:what:(${argumentWords.join(" ")})`;
  return `    ${name}) _arguments ${[...specs, quoted(rest)].join(" ")} ;;`;
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap((command) => [
    `complete -c rollout-trace -n __fish_use_subcommand -f -a ${command.name} -d ${fishQuoted(command.description)}`,
    ...command.options.map((option) => fishOption(command.name, option)),
    ...(command.argumentWords.length === 0
      ? []
      : [`${fishIn(command.name)} -f -a ${fishQuoted(command.argumentWords.join(" "))}`]),
  ]);
  return `# rollout-trace completion for fish. rollout-trace completion fish > ~/.config/fish/completions/rollout-trace.fish
${lines.join("\n")}
`;
}

function fishIn(command: string): string {
  return `complete -c rollout-trace -n '__fish_seen_subcommand_from ${command}'`;
}

function fishOption(command: string, { flags, description, value }: CompletedOption): string {
  const names = flags.map((flag) => (flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
  const follows =
    value === "none"
      ? []
      : value === "file"
        ? ["-r -F"]
        : value === "free"
          ? ["-x"]
          : [`-x -a ${fishQuoted(value.join(" "))}`];
  return [fishIn(command), ...names, ...follows, "-d", fishQuoted(description)].join(" ");
}

/** For bash and zsh. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function fishQuoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, "\\$&")}'`;
}
