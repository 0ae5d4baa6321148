/** Classes of errors, as `error.type` names them. */
import { OTHER_ERROR } from "@rollout-trace/protocol";

/** Longer names are no names of classes. */
const MAX_NAME_LENGTH = 100;

/** The name of the error's class, its code, or `_OTHER`. Never throws. */
export function errorTypeOf(error: unknown): string {
  try {
    if (!(error instanceof Error)) return OTHER_ERROR;
    const { name } = error;
    return name === "" || name.length > MAX_NAME_LENGTH ? OTHER_ERROR : name;
  } catch {
    return OTHER_ERROR;
  }
}
