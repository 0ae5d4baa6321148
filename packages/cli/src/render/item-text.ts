import type { ConversationItem } from "@rollout-trace/reducer";

/** What a person can read of an item, untrusted and uncut. */
export function itemText(item: ConversationItem): string {
  return item.body.parts.map(partText).join(" ");
}

/** The same of one of its parts. */
export function partText(part: ConversationItem["body"]["parts"][number]): string {
  switch (part.type) {
    case "text":
    case "summary":
      return part.text;
    case "code":
      return part.source;
    case "json":
      return part.preview;
    case "encoded":
    case "payload_ref":
      return `[${part.label}]`;
  }
}
