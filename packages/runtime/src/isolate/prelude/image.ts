/* oxlint-disable typescript/unbound-method -- Built-ins are taken hold of before a script can replace them. */
/**
 * Runs inside the isolate; refers to nothing outside itself.
 *
 * Reads the arguments of `image(...)`. Throws what the model should read.
 */
export interface ParsedImage {
  readonly url: string;
  readonly detail: string;
}

export function makeImageParser(): (value: unknown, detail: unknown) => ParsedImage {
  const apply = Reflect.apply;
  const keys = Object.keys;
  const slice = String.prototype.slice;
  const lower = String.prototype.toLowerCase;
  const lastIndexOf = String.prototype.lastIndexOf;
  const cut = (text: string, from: number, to?: number): string => apply(slice, text, [from, to]);
  const isDetail = (value: unknown): value is string =>
    value === "auto" || value === "low" || value === "high" || value === "original";
  const isObject = (value: unknown): value is Record<string, unknown> =>
    typeof value === "object" && value !== null;

  const checkedDetail = (value: unknown): string | undefined => {
    if (value === undefined || value === null) return undefined;
    if (isDetail(value)) return value;
    throw new TypeError("image: detail must be one of auto, low, high, original");
  };

  const checkedUrl = (url: unknown): string => {
    if (typeof url !== "string") throw new TypeError("image: the URL must be a string");
    if (url === "") throw new TypeError("image: the URL is empty");
    const scheme = apply(lower, cut(url, 0, 8), []);
    if (cut(scheme, 0, 5) === "data:") return url;
    if (cut(scheme, 0, 7) === "http://" || scheme === "https://") {
      throw new TypeError("image: remote URLs are not supported, pass a data: URL");
    }
    throw new TypeError("image: expected a data: URL");
  };

  // A tool server decides what it puts into `_meta`; a detail that is not understood there is not the script's mistake.
  const metaDetail = (meta: unknown): string | undefined => {
    if (!isObject(meta)) return undefined;
    const names = keys(meta);
    for (let index = 0; index < names.length; index += 1) {
      const name = names[index] as string;
      const last = cut(name, apply(lastIndexOf, name, ["/"]) + 1);
      const value = meta[name];
      if ((last === "detail" || last === "imageDetail") && isDetail(value)) return value;
    }
    return undefined;
  };

  const mcpUrl = (data: unknown, mimeType: unknown): string => {
    if (typeof data !== "string" || data === "") {
      throw new TypeError("image: an image block needs its data as a base64 string");
    }
    if (apply(lower, cut(data, 0, 5), []) === "data:") return data;
    if (typeof mimeType !== "string" || mimeType === "") {
      throw new TypeError("image: an image block needs a mimeType");
    }
    return `data:${mimeType};base64,${data}`;
  };

  return (value, detail) => {
    const asked = checkedDetail(detail);
    if (typeof value === "string") return { url: checkedUrl(value), detail: asked ?? "high" };
    if (isObject(value)) {
      if (value["image_url"] !== undefined) {
        const own = checkedDetail(value["detail"]);
        return { url: checkedUrl(value["image_url"]), detail: asked ?? own ?? "high" };
      }
      if (value["type"] === "image") {
        const url = mcpUrl(value["data"], value["mimeType"]);
        return { url, detail: asked ?? metaDetail(value["_meta"]) ?? "high" };
      }
    }
    throw new TypeError(
      "image: expected a data: URL, {image_url, detail?} or an MCP image block {type, data, mimeType}",
    );
  };
}
