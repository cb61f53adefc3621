/** A piece of a page: an opening tag, a closing one, or the text between tags. */
export type Token =
  | { readonly kind: "text"; readonly text: string }
  | {
      readonly kind: "open";
      readonly name: string;
      readonly attributes: Readonly<Record<string, string>>;
      /** True where nothing can stand inside. */
      readonly empty: boolean;
    }
  | { readonly kind: "close"; readonly name: string };

const VOID = new Set([
  "area",
  "base",
  "br",
  "col",
  "embed",
  "hr",
  "img",
  "input",
  "link",
  "meta",
  "source",
  "track",
  "wbr",
]);
/** Elements whose content is not markup, whatever it looks like. */
const RAW = new Set(["script", "style", "textarea", "title", "noscript", "iframe", "xmp"]);
const MAX_ATTRIBUTES = 64;

/**
 * Cuts a page into tokens from left to right, looking at every character once. What is no markup
 * is text; what is never closed ends with the page.
 */
export function* tokensOf(html: string): Generator<Token> {
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf("<", at);
    if (open < 0) {
      yield { kind: "text", text: html.slice(at) };
      return;
    }
    if (open > at) yield { kind: "text", text: html.slice(at, open) };
    if (html.startsWith("<!--", open)) {
      at = after(html, "-->", open + 4);
    } else if (/[!?]/u.test(html[open + 1] ?? "")) {
      at = after(html, ">", open + 1);
    } else if (
      /[a-z]/iu.test(html[open + 1] ?? "") ||
      /^<\/[a-z]/iu.test(html.slice(open, open + 3))
    ) {
      const tag = readTag(html, open);
      at = tag.end;
      yield tag.token;
      if (tag.token.kind === "open" && RAW.has(tag.token.name)) {
        const close = closeOf(html, tag.token.name, at);
        if (close > at) yield { kind: "text", text: html.slice(at, close) };
        at = close;
      }
    } else {
      yield { kind: "text", text: "<" };
      at = open + 1;
    }
  }
}

function after(html: string, mark: string, from: number): number {
  const at = html.indexOf(mark, from);
  return at < 0 ? html.length : at + mark.length;
}

/** Where the closing tag of a raw element begins. */
function closeOf(html: string, name: string, from: number): number {
  const pattern = new RegExp(`</${name}(?=[\\s/>])`, "giu");
  pattern.lastIndex = from;
  return pattern.exec(html)?.index ?? html.length;
}

function readTag(html: string, open: number): { readonly token: Token; readonly end: number } {
  const closing = html[open + 1] === "/";
  const nameAt = open + (closing ? 2 : 1);
  const nameEnd = endOf(/[\s/>]/gu, html, nameAt);
  const name = html.slice(nameAt, nameEnd).toLowerCase();
  const { attributes, end, slash } = readAttributes(html, nameEnd);
  if (closing) return { token: { kind: "close", name }, end };
  return { token: { kind: "open", name, attributes, empty: slash || VOID.has(name) }, end };
}

function readAttributes(
  html: string,
  from: number,
): { attributes: Record<string, string>; end: number; slash: boolean } {
  const attributes: Record<string, string> = Object.create(null) as Record<string, string>;
  let count = 0;
  let slash = false;
  let at = from;
  while (at < html.length && html[at] !== ">") {
    if (/[\s/]/u.test(html[at] ?? "")) {
      slash = html[at] === "/";
      at += 1;
      continue;
    }
    slash = false;
    const nameEnd = endOf(/[\s/>=]/gu, html, at + 1);
    const name = html.slice(at, nameEnd).toLowerCase();
    let value = "";
    at = endOf(/\S/gu, html, nameEnd);
    if (html[at] === "=") {
      at = endOf(/\S/gu, html, at + 1);
      const quote = html[at];
      const quoted = quote === '"' || quote === "'";
      const stop = quoted ? html.indexOf(quote, at + 1) : endOf(/[\s>]/gu, html, at);
      const end = stop < 0 ? html.length : stop;
      value = html.slice(quoted ? at + 1 : at, end);
      at = quoted ? end + 1 : end;
    }
    count += 1;
    if (count <= MAX_ATTRIBUTES && !(name in attributes)) attributes[name] = value;
  }
  return { attributes, end: Math.min(html.length, at + 1), slash };
}

/** Where the first match at or after `from` begins, or the end of the page. */
function endOf(pattern: RegExp, html: string, from: number): number {
  pattern.lastIndex = from;
  return pattern.exec(html)?.index ?? html.length;
}
