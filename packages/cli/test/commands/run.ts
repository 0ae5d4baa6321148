/** Runs the command inside the test, as on a terminal of some width or none. */
import { type CommandIo, runCli } from "@rollout-trace/cli";
import { Chalk } from "chalk";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export async function run(
  args: readonly string[],
  columns: number | null = null,
  isColoured = false,
): Promise<Ran> {
  let out = "";
  let err = "";
  const io: CommandIo = {
    out: (text) => {
      out += text;
    },
    outBytes: (bytes) => {
      out += Buffer.from(bytes).toString("latin1");
    },
    err: (text) => {
      err += text;
    },
    passing: null,
    colour: new Chalk({ level: isColoured ? 1 : 0 }),
    columns,
    untilInterrupted: () => new AbortController().signal,
  };
  return { code: await runCli(args, io), out, err };
}
