/** Prices of models, as somebody wrote them into a file. There are no others: prices change, and differ between contracts. */
import { readFileSync } from "node:fs";
import type { TokenUsage } from "@rollout-trace/reducer";
import { z } from "zod";
import { CliError, messageOf } from "../errors.ts";

const price = z.number().nonnegative();

/** Per million tokens. What is read from a cache, and what is written to it, costs as other input where nothing is said. */
const priceSchema = z.strictObject({
  input: price,
  cached: price.optional(),
  cache_write: price.optional(),
  output: price,
});

const pricesSchema = z.strictObject({
  currency: z.string().max(8).optional(),
  models: z.record(z.string(), priceSchema),
});

export interface Prices {
  readonly currency: string;
  /** What so many tokens of a model cost; null for a model without a price. */
  costOf(model: string, usage: TokenUsage): number | null;
}

/** Throws `CliError` `usage` for what cannot be read or is of another shape. */
export function readPrices(path: string): Prices {
  let parsed: z.infer<typeof pricesSchema>;
  try {
    parsed = pricesSchema.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch (error) {
    const what = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new CliError("usage", `--prices ${path}: ${what}`, { cause: error });
  }
  const { currency = "", models } = parsed;
  return {
    currency,
    costOf(model, usage) {
      const prices = Object.hasOwn(models, model) ? models[model] : undefined;
      if (prices === undefined) return null;
      const { cached = prices.input, cache_write = prices.input } = prices;
      const { cached_input_tokens: read, cache_creation_input_tokens: written } = usage;
      const plain = Math.max(0, usage.input_tokens - read - written);
      const sum =
        plain * prices.input + read * cached + written * cache_write + usage.output_tokens * prices.output;
      return sum / PER;
    },
  };
}

const PER = 1_000_000;
