/** Joins what a cell notified with the output items that show it. */
import { plainText } from "../conversation/normal-item.ts";
import { textKey } from "../conversation/text-key.ts";
import { appended, replaced } from "../graph/draft.ts";
import type { Reduction } from "../reduction.ts";
import type { CellState } from "../state/call-state.ts";
import type { TranscriptItem } from "../state/conversation-state.ts";
import { offer, take } from "../state/queues.ts";

export function addNotification(reduction: Reduction, cell: CellState, text: string): void {
  const index = cell.draft.notifications.length;
  const key = textKey(text);
  const item = take(cell.otherOutputs, key);
  cell.draft.notifications = appended(cell.draft.notifications, {
    ...reduction.moment,
    text,
    output_item_id: item?.draft.item_id ?? null,
  });
  if (item === undefined) offer(cell.unseenNotifications, key, index);
}

export function matchNotification(cell: CellState, item: TranscriptItem): void {
  const text = plainText(item.normal.parts);
  const key = textKey(text);
  const index = take(cell.unseenNotifications, key);
  const notification = index === undefined ? undefined : cell.draft.notifications[index];
  if (index === undefined || notification === undefined) {
    offer(cell.otherOutputs, key, item);
    return;
  }
  cell.draft.notifications = replaced(cell.draft.notifications, index, {
    ...notification,
    output_item_id: item.draft.item_id,
  });
}
