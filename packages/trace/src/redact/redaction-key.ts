/**
 * The key of a store's placeholders.
 *
 * It lies beside the store and not in it: with the key in hand, the placeholder of a short secret tells which of a list of
 * guesses it was, so whoever hands on a store must not hand on the key with it. All processes that write to the store share
 * the key, and it outlives them, so that equal secrets stay equal. Losing it costs only that.
 */
import { randomBytes } from "node:crypto";
import { linkSync, readFileSync, rmSync, writeFileSync } from "node:fs";

/** Bytes. */
const KEY_SIZE = 32;

/** The name of the file that has the key of the store at `path`. */
export function redactionKeyPath(path: string): string {
  return `${path}-redaction-key`;
}

/** The store's key, made when there is none. Without a store, or where it can be neither read nor kept: a new one. Never throws. */
export function redactionKey(storePath: string | null): Buffer {
  if (storePath === null) return randomBytes(KEY_SIZE);
  const path = redactionKeyPath(storePath);
  return readKey(path) ?? makeKey(path) ?? randomBytes(KEY_SIZE);
}

function readKey(path: string): Buffer | null {
  try {
    const key = readFileSync(path);
    return key.length === KEY_SIZE ? key : null;
  } catch {
    return null;
  }
}

/** Appears under its name complete or not at all, and only once, whoever else is making one. */
function makeKey(path: string): Buffer | null {
  const draft = `${path}.${process.pid}-${randomBytes(4).toString("hex")}`;
  try {
    writeFileSync(draft, randomBytes(KEY_SIZE), { mode: 0o600, flag: "wx" });
    linkSync(draft, path);
  } catch {
    // Somebody else was first, or it cannot be kept here.
  }
  try {
    rmSync(draft, { force: true });
  } catch {
    // It says nothing without a store.
  }
  return readKey(path);
}
