/** What the host gives, read without letting anything of it throw. */

/** What `read` gives, or nothing. */
export function given<Value>(read: () => Value): Value | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
