/** Joins what a cell notified with the output items that show it. */
import { appended, replaced } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { CellState } from "../state/call-state.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import { offer, take } from "../state/queues.ts";

export function addNotification(reduction: Reduction, cell: CellState, text: string): void {
  const index = cell.draft.notifications.length;
  const item = take(cell.otherOutputs, text);
  cell.draft.notifications = appended(cell.draft.notifications, {
    ...reduction.moment,
    text,
    output_item_id: item?.draft.item_id ?? null,
  });
  if (item === undefined) offer(cell.unseenNotifications, text, index);
}

export function matchNotification(cell: CellState, item: TranscriptItem): void {
  const text = item.normal.parts.map((part) => (part.type === "text" ? part.text : "")).join("");
  const index = take(cell.unseenNotifications, text);
  const notification = index === undefined ? undefined : cell.draft.notifications[index];
  if (index === undefined || notification === undefined) {
    offer(cell.otherOutputs, text, item);
    return;
  }
  cell.draft.notifications = replaced(cell.draft.notifications, index, {
    ...notification,
    output_item_id: item.draft.item_id,
  });
}
