import { z } from "zod";

/** How far a thread, turn, call or wait has come. */
export const EXECUTION_STATUSES = ["running", "completed", "failed", "cancelled", "aborted"] as const;
export type ExecutionStatus = (typeof EXECUTION_STATUSES)[number];

/** How far a rollout has come. */
export const ROLLOUT_STATUSES = ["running", "completed", "failed", "aborted"] as const;
export type RolloutStatus = (typeof ROLLOUT_STATUSES)[number];

/** The runtime's own view of a cell. `pending` is a cell frozen at its pending frontier. */
export const CELL_STATUSES = [
  "starting",
  "running",
  "yielded",
  "pending",
  "completed",
  "failed",
  "terminated",
] as const;
export type CellStatus = (typeof CELL_STATUSES)[number];

/** The statuses in which a cell is over. */
export const FINAL_CELL_STATUSES = ["completed", "failed", "terminated"] as const;
export type FinalCellStatus = (typeof FINAL_CELL_STATUSES)[number];

export const executionStatusSchema: z.ZodType<ExecutionStatus> = z.enum(EXECUTION_STATUSES);
export const rolloutStatusSchema: z.ZodType<RolloutStatus> = z.enum(ROLLOUT_STATUSES);
export const cellStatusSchema: z.ZodType<CellStatus> = z.enum(CELL_STATUSES);
export const finalCellStatusSchema: z.ZodType<FinalCellStatus> = z.enum(FINAL_CELL_STATUSES);
