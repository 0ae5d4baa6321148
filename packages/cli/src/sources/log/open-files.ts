/** The files of one rollout, open together. */
import { LogFile } from "./log-file.ts";

export interface OpenFiles<Head> extends Disposable {
  /** In the order in which they were named. */
  readonly byHead: ReadonlyMap<Head, LogFile>;
}

/** Opens every file, or none. Throws `CliError` `unreadable_source`. */
export function openFiles<Head extends { readonly path: string }>(heads: readonly Head[]): OpenFiles<Head> {
  const byHead = new Map<Head, LogFile>();
  const close = (): void => {
    for (const file of byHead.values()) file[Symbol.dispose]();
  };
  try {
    for (const head of heads) byHead.set(head, new LogFile(head.path));
  } catch (error) {
    close();
    throw error;
  }
  return { byHead, [Symbol.dispose]: close };
}
