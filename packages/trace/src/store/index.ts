/**
 * What a program needs that looks at stores and never records: reading, checking, making smaller. The same names as the package
 * has, without the recorder and what that needs, so that a command starts at once.
 */
export { TraceStoreError } from "../trace-store-error.ts";
export { compactTraceStore } from "./compact.ts";
export { pruneTraceStore } from "./prune.ts";
export type { PruneProgress, PruneResult } from "./prune.ts";
export { readTraceStore } from "./read-store.ts";
export type { TraceStoreReader } from "./read-store.ts";
export { recordingWriterState } from "./recording-writer.ts";
export { verifyStore } from "./verify.ts";
