import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { CliError, messageOf } from "../errors.ts";

/**
 * Writes a file so that it is either the whole result or what it was before. A link stays a link to the file that is
 * replaced; what is no regular file, such as a device, is written to and never replaced. Throws `CliError`
 * `unwritable_output`.
 */
export function writeWhole(path: string, text: string): void {
  const end = `.${process.pid}.partial`;
  try {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) writeFileSync(path, text);
    else replaceFile(there === undefined ? path : realpathSync(path), text, end);
  } catch (error) {
    const message = messageOf(error).replaceAll(end, "");
    throw new CliError("unwritable_output", `${path}: ${message}`, { cause: error });
  }
}

function replaceFile(path: string, text: string, end: string): void {
  const partial = path + end;
  try {
    writeFileSync(partial, text);
    renameSync(partial, path);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}
