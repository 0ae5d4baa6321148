/** Seeded secrets of every rule. Put together here, so that no scanner of repositories takes them for real ones. */

/** A generator of numbers below 1 (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

const ALPHABETS = {
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567",
  alnum: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
  hex: "0123456789abcdef",
} as const;

export interface SeededSecret {
  readonly rule: string;
  /** As it stands in a text: with its header or name where the rule goes by that. */
  readonly text: string;
  /** What must not be found anywhere. */
  readonly secret: string;
}

/** At least one secret of every built-in rule, all different. */
export function seededSecrets(seed: number): readonly SeededSecret[] {
  const random = seededRandom(seed);
  const chars = (count: number, alphabet: keyof typeof ALPHABETS = "alnum"): string => {
    const letters = ALPHABETS[alphabet];
    // A digit first: what has none may be taken for words.
    const picked = Array.from({ length: count - 1 }, () => letters[Math.floor(random() * letters.length)]);
    return `7${picked.join("")}`;
  };
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  const base64url = (text: string): string => Buffer.from(text).toString("base64url");
  const plain = (rule: string, secret: string): SeededSecret => ({ rule, text: secret, secret });
  const lines = Array.from({ length: 12 }, () => chars(64)).join("\n");
  const key = (kind: string): string =>
    `-----BEGIN ${kind}PRIVATE ${"KEY"}-----\n${lines}\n-----END ${kind}PRIVATE KEY-----`;
  const jwt = `${base64url('{"alg":"HS256"}')}.${base64url(`{"sub":"${chars(20)}"}`)}.${chars(43)}`;
  const [password, bearer, named, cookie, account] = [chars(14), chars(40), chars(18), chars(24), chars(86)];
  const basic = base64(`user:${chars(12)}`);
  return [
    { rule: "private_key", text: key("RSA "), secret: lines.slice(0, 64) },
    { rule: "private_key", text: key("").slice(0, 400), secret: lines.slice(65, 120) },
    plain("anthropic", `${"sk-"}ant-api03-${chars(93)}`),
    plain("openai", `${"sk-"}proj-${chars(48)}`),
    plain("openai", `${"sk-"}${chars(48)}`),
    plain("aws", `${"AK"}IA${chars(16, "upper")}`),
    plain("github", `${"gh"}p_${chars(36)}`),
    plain("github", `${"github"}_pat_${chars(22)}_${chars(59)}`),
    plain("gitlab", `${"gl"}pat-${chars(20)}`),
    plain("slack", `${"xo"}xb-${chars(11, "hex")}-${chars(24)}`),
    plain("slack", `${"hooks"}.slack.com/services/T${chars(8, "upper")}/B${chars(8, "upper")}/${chars(24)}`),
    plain("google", `${"AI"}za${chars(35)}`),
    plain("google", `${"ya"}29.${chars(60)}`),
    plain("stripe", `${"sk"}_live_${chars(24)}`),
    plain("npm", `${"np"}m_${chars(36)}`),
    { rule: "azure", text: `DefaultEndpointsProtocol=https;AccountKey=${account}==;`, secret: account },
    plain("azure", `abc8Q~${chars(34)}`),
    plain("vendor_key", `${"hf"}_${chars(34)}`),
    plain("jwt", jwt),
    { rule: "bearer", text: `curl -H 'X-Custom: Bearer ${bearer}'`, secret: bearer },
    { rule: "basic_auth", text: `Proxy: Basic ${basic}`, secret: basic },
    { rule: "connection_string", text: `postgres://app:${password}@db.example:5432/x`, secret: password },
    { rule: "named", text: `export DB_PASSWORD=${named}\n`, secret: named },
    { rule: "named", text: `Cookie: theme=dark; session=${cookie}`, secret: cookie },
    { rule: "named", text: `const config = { clientSecret: 'a${named}', retries: 3 };`, secret: `a${named}` },
    { rule: "named", text: `{"aws_secret_access_key": "b${named}/+x"}`, secret: `b${named}/+x` },
    { rule: "named", text: `mysql --password c${named} --host db`, secret: `c${named}` },
    { rule: "named", text: `https://api.example/v1?access_token=d${named}&page=2`, secret: `d${named}` },
  ];
}
