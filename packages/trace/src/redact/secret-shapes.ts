/**
 * Secrets that are known by their own shape, wherever they stand.
 *
 * The patterns run over JSON text, also over JSON text inside of its strings, at any depth: an escape (`\n`) may stand right
 * before a secret, and no match may take in a quote or end within an escape. Every quantifier is bounded, and whatever can
 * fail after a long run must start at the beginning of that run, so that the time is linear whatever the text.
 */

export interface SecretShape {
  /** What the placeholder calls it. */
  readonly name: string;
  /**
   * Source of a cheap pattern without which no match is possible. Those that end in a sign are looked for by the sign: signs
   * are rarer than letters.
   */
  readonly marker?: string;
  readonly signMarkers?: readonly string[];
  /** Source of the pattern; has no capturing groups. */
  readonly pattern: string;
  /** Which part of a match is the secret, or null when it is none after all. Default: all of it. */
  readonly secretIn?: (match: string) => readonly [start: number, end: number] | null;
}

/** What may stand before a secret that is not inside a longer word: also escapes, percent-escapes and colour codes. */
const startOf = (before: string): string =>
  String.raw`(?:^|[^${before}]|\\[bfnrt]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2}|\[[0-9;]{0,12}m)`;

/** A literal that begins a word. The literal comes first, so that looking for it is fast. */
const word = (literal: string, before = "A-Za-z0-9"): string =>
  `(?:${literal})(?<=${startOf(before)}(?:${literal}))`;

/** A slash, as some JSON writers escape it. */
const SLASH = String.raw`\\{0,7}\/`;

export const SECRET_SHAPES: readonly SecretShape[] = [
  {
    name: "private_key",
    marker: "-----BEGIN",
    // Up to its end, or as far as it goes where it was cut.
    pattern: String.raw`-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-"\\]|-(?!-)|\\{1,64}[nrt]){0,30000}(?:-----END [A-Z0-9 ]{0,48}-----)?`,
  },
  { name: "anthropic", signMarkers: ["sk-"], pattern: "sk-ant-[A-Za-z0-9_-]{16,256}" },
  {
    name: "openai",
    signMarkers: ["sk-"],
    // With a digit somewhere, to tell keys from names of style sheet classes.
    pattern: String.raw`${word("sk-")}(?=[A-Za-z_-]{0,128}[0-9])[A-Za-z0-9_-]{20,256}`,
  },
  {
    name: "aws",
    marker: "AKIA|ASIA|ABIA|ACCA",
    pattern: `${word("A(?:KIA|SIA|BIA|CCA)")}[A-Z0-9]{16}(?![A-Za-z0-9])`,
  },
  {
    name: "github",
    signMarkers: ["gh[pousr]_", "github_pat_"],
    pattern: "gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255}",
  },
  {
    name: "gitlab",
    signMarkers: ["gl[a-z]{2,5}-"],
    pattern: `${word("gl(?:pat|ptt|dt|rt|cbt|ft|imt|agent|soat|oas)-")}[A-Za-z0-9_-]{20,255}`,
  },
  {
    name: "slack",
    signMarkers: ["xox[a-z]-", "xapp-", String.raw`hooks\.slack\.`],
    pattern: String.raw`xox[abceoprs]-[A-Za-z0-9-]{10,250}|xapp-[0-9]-[A-Za-z0-9-]{10,250}|hooks\.slack\.com${SLASH}(?:services|workflows|triggers)(?:${SLASH}[A-Za-z0-9_-]{1,64}){2,5}`,
  },
  {
    name: "google",
    marker: "AIza",
    signMarkers: [String.raw`ya29\.`, "GOCSPX-"],
    pattern: String.raw`AIza[A-Za-z0-9_-]{35}|${word(String.raw`ya29\.`)}[A-Za-z0-9_-]{20,1024}|GOCSPX-[A-Za-z0-9_-]{20,64}`,
  },
  {
    name: "stripe",
    signMarkers: ["[sr]k_live_", "[sr]k_test_", "whsec_"],
    pattern: "[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}|whsec_[A-Za-z0-9+/=]{24,255}",
  },
  { name: "npm", signMarkers: ["npm_"], pattern: `${word("npm_")}[A-Za-z0-9]{36,64}` },
  {
    name: "azure",
    signMarkers: ["AccountKey=", "SharedAccessKey=", "sig=", "[0-9]Q~"],
    pattern:
      "(?:AccountKey|SharedAccessKey)=[A-Za-z0-9+/]{20,128}={0,2}|sig=[A-Za-z0-9%+/]{30,200}|[A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,40}",
    secretIn: (match) => [
      match.startsWith("sig=") ? 4 : (/^[A-Za-z]+Key=/.exec(match)?.[0].length ?? 0),
      match.length,
    ],
  },
  {
    name: "vendor_key",
    marker: "AGE-SECRET",
    signMarkers: [
      "hf_",
      "gsk_",
      "xai-",
      "pplx-",
      "r8_",
      "SG\\.",
      "dop_v1_",
      "dckr_pat_",
      "pypi-",
      "lin_api_",
      "ntn_",
      "hvs\\.",
    ],
    pattern: `${word("hf_|gsk_|xai-|pplx-|r8_|dop_v1_|dckr_pat_|pypi-|lin_api_|ntn_")}[A-Za-z0-9_-]{24,255}|${word("SG\\.")}[A-Za-z0-9_-]{16,64}\\.[A-Za-z0-9_-]{16,64}|${word("hvs\\.")}[A-Za-z0-9_-]{20,255}|AGE-SECRET-KEY-1[A-Z0-9]{40,64}`,
  },
  {
    name: "jwt",
    marker: "eyJ",
    pattern: String.raw`${word("eyJ", "A-Za-z0-9_-")}[A-Za-z0-9_-]{8,8192}\.eyJ[A-Za-z0-9_-]{4,8192}(?:\.[A-Za-z0-9_-]{0,1024})?`,
  },
  {
    name: "bearer",
    marker: "[Bb]earer|BEARER",
    pattern: String.raw`(?:[Bb]earer|BEARER)(?: |%20|\\t){1,4}(?![Bb]earer|[Bb]asic)[A-Za-z0-9._~+/=-]{8,4096}`,
    // Not words of a text about bearers.
    secretIn: (match) => {
      const start = secretAfterBlank(match);
      return /[0-9]/.test(match.slice(start)) || match.length - start >= 20 ? [start, match.length] : null;
    },
  },
  {
    name: "basic_auth",
    marker: "[Bb]asic|BASIC",
    pattern: String.raw`(?:[Bb]asic|BASIC)(?: |%20|\\t){1,4}[A-Za-z0-9+/_-]{4,1024}={0,2}`,
    secretIn: (match) => {
      const start = secretAfterBlank(match);
      const decoded = Buffer.from(match.slice(start), "base64").toString("latin1");
      return /^[\x20-\x7e\x80-\xff]*:[\x20-\x7e\x80-\xff]*$/.test(decoded) ? [start, match.length] : null;
    },
  },
  {
    name: "connection_string",
    signMarkers: ["@"],
    pattern: String.raw`:(?:${SLASH}){2}[^\s:@/"'\\<>]{0,128}:[^\s@/"'\\<>]{1,256}@`,
    // Not what stands for a password.
    secretIn: (match) => {
      const start = match.indexOf(":", 1) + 1;
      return /^(?:\[redacted:|\$\{|\*+@)/.test(match.slice(start)) ? null : [start, match.length - 1];
    },
  },
];

function secretAfterBlank(match: string): number {
  return /^[A-Za-z]+(?: |%20|\\t)+/.exec(match)?.[0].length ?? 0;
}

/** Patterns of which one fits every text that has a match of one of the shapes. */
export function markersOf(shapes: readonly SecretShape[]): readonly RegExp[] {
  const markers = shapes.flatMap(({ marker }) => marker ?? []);
  const bySign: Map<string, string[]> = new Map();
  for (const marker of shapes.flatMap(({ signMarkers = [] }) => signMarkers)) {
    const sign = marker.slice(-1);
    bySign.set(sign, [...(bySign.get(sign) ?? []), marker]);
  }
  const signs = Array.from(bySign, ([sign, before]) => `[${sign}](?<=${before.join("|")})`);
  return [...(markers.length > 0 ? [markers] : []), ...(signs.length > 0 ? [signs] : [])].map(
    (alternatives) => new RegExp(alternatives.join("|")),
  );
}
