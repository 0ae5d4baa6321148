/** Kinds of differences that a comparison can leave out. */
export const IGNORABLE = ["times", "ids"] as const;
export type Ignorable = (typeof IGNORABLE)[number];
