import { expect, it } from "vitest";
import { compareStates, memoryRow } from "../../scripts/soak/left-behind.ts";
import type { ProcessState } from "../../scripts/soak/process-state.ts";

const MB = 2 ** 20;
const BEFORE: ProcessState = {
  heapBytes: 20 * MB,
  residentBytes: 100 * MB,
  openFiles: 20,
  children: [7],
  resources: { PipeWrap: 2 },
};

it("a process that is as it was has nothing left", () => {
  expect(compareStates(BEFORE, { ...BEFORE, openFiles: 19, children: [] })).toEqual([]);
  expect(memoryRow("heap", 20 * MB, 40 * MB)).toMatchObject({ problem: null });
});

it("a file, a child, a timer and memory that are left are said", () => {
  const resources = { PipeWrap: 2, Timeout: 1 };
  expect(compareStates(BEFORE, { ...BEFORE, openFiles: 21, children: [7, 8], resources })).toEqual([
    "21 files are open, and 20 were",
    "children are left: 8",
    "1 active resources of kind Timeout, and there were 0",
  ]);
  const text = "heap: 20.0 MB before, 42.0 MB after, at most 41.0 MB";
  expect(memoryRow("heap", 20 * MB, 42 * MB)).toEqual({ text, problem: text });
});
