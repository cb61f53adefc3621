import { decodeEntities } from "./entities.ts";
import { type Token, tokensOf } from "./html.ts";

/**
 * A page as Markdown: headings, paragraphs, lists, links, quotes, tables and code. Scripts, styles
 * and everything hidden are left out. Works in one pass over the page whatever is wrong with it:
 * pages are hostile, and nesting, size and links have limits.
 */
export function htmlToMarkdown(html: string, base: string): { title: string; text: string } {
  const writer = new Writer(base);
  for (const token of tokensOf(html.slice(0, MAX_CHARS))) writer.take(token);
  return writer.end();
}

const MAX_CHARS = 4 * 1024 * 1024;
const MAX_TEXT = 1024 * 1024;
const MAX_LISTS = 8;

/** What is never shown to a reader. */
const SKIPPED = new Set([
  "script",
  "style",
  "noscript",
  "template",
  "svg",
  "math",
  "iframe",
  "object",
  "canvas",
  "select",
  "audio",
  "video",
  "dialog",
]);
const BLOCKS = new Set([
  "p",
  "div",
  "section",
  "article",
  "main",
  "header",
  "footer",
  "aside",
  "nav",
  "form",
  "figure",
  "figcaption",
  "address",
  "details",
  "summary",
  "fieldset",
  "dl",
  "dt",
  "dd",
  "center",
  "body",
  "html",
  "head",
  "title",
]);
const MARKS: Readonly<Record<string, string>> = {
  b: "**",
  strong: "**",
  i: "*",
  em: "*",
  code: "`",
};

class Writer {
  readonly #base: string;
  #out: string[] = [];
  #length = 0;
  /** Text of the block being read. */
  #line = "";
  #prefix = "";
  #title = "";
  #inTitle = false;
  #skip: { readonly name: string; depth: number } | null = null;
  #pre = 0;
  #quotes = 0;
  readonly #lists: { ordered: boolean; n: number }[] = [];
  readonly #links: { readonly href: string; readonly from: number }[] = [];
  #cells: string[] | null = null;
  #rows = 0;

  constructor(base: string) {
    this.#base = base;
  }

  take(token: Token): void {
    if (this.#skip) return this.#skipped(token, this.#skip);
    if (token.kind === "text") return this.#text(token.text);
    if (token.kind === "open") this.#open(token);
    else this.#close(token.name);
  }

  end(): { title: string; text: string } {
    this.#flush();
    const text = this.#out
      .join("\n\n")
      .replaceAll(/\n{3,}/gu, "\n\n")
      .trim();
    return { title: oneLine(this.#title).slice(0, 300), text: text.slice(0, MAX_TEXT) };
  }

  #skipped(token: Token, skip: { readonly name: string; depth: number }): void {
    if (token.kind === "text" || token.name !== skip.name) return;
    if (token.kind === "open") skip.depth += token.empty ? 0 : 1;
    else skip.depth -= 1;
    if (skip.depth <= 0) this.#skip = null;
  }

  #text(raw: string): void {
    if (this.#length > MAX_TEXT) return;
    const text = decodeEntities(raw);
    if (this.#inTitle) this.#title += text;
    else this.#line += this.#pre > 0 ? text : text.replaceAll(/\s+/gu, " ");
  }

  #open(token: Extract<Token, { kind: "open" }>): void {
    const { name, attributes } = token;
    if (SKIPPED.has(name) || isHidden(attributes)) {
      if (!token.empty) this.#skip = { name, depth: 1 };
      return;
    }
    const level = /^h([1-6])$/u.exec(name)?.[1];
    if (level !== undefined) {
      this.#flush();
      this.#prefix = `${"#".repeat(Number(level))} `;
    } else if (name === "title") this.#inTitle = true;
    else if (name === "br") this.#line += this.#pre > 0 || this.#cells ? " " : "\n";
    else if (name === "hr") this.#rule();
    else if (name === "pre") this.#openPre();
    else if (name === "blockquote") this.#changeQuotes(1);
    else if (name === "ul" || name === "ol") this.#openList(name === "ol");
    else if (name === "li") this.#item();
    else if (name === "table") this.#startTable();
    else if (name === "tr") this.#startRow();
    else if (name === "td" || name === "th") this.#cell();
    else if (name === "a")
      this.#links.push({ href: attributes["href"] ?? "", from: this.#line.length });
    else if (name === "img") this.#line += imageText(attributes);
    else if (MARKS[name] !== undefined && this.#pre === 0) this.#line += MARKS[name];
    else if (BLOCKS.has(name) && !this.#cells) this.#flush();
  }

  #close(name: string): void {
    if (name === "title") this.#inTitle = false;
    else if (/^h[1-6]$/u.test(name)) this.#flush();
    else if (name === "pre") this.#closePre();
    else if (name === "blockquote") this.#changeQuotes(-1);
    else if (name === "ul" || name === "ol") this.#closeList();
    else if (name === "li") this.#flush();
    else if (name === "tr") this.#endRow();
    else if (name === "table") this.#endRow();
    else if (name === "a") this.#closeLink();
    else if (MARKS[name] !== undefined && this.#pre === 0) this.#line += MARKS[name];
    else if (BLOCKS.has(name) && !this.#cells) this.#flush();
  }

  /** Ends the block being read and writes it. */
  #flush(): void {
    const text = this.#pre > 0 ? this.#line : tidyInline(this.#line);
    this.#line = "";
    this.#links.length = 0;
    const prefix = this.#prefix;
    this.#prefix = "";
    if (text.trim() === "") return;
    const indent = prefix.startsWith("#") ? "" : " ".repeat(Math.max(0, prefix.length));
    this.#write(
      `${prefix}${text.replaceAll("\n", `\n${indent}`)}`,
      prefix.trimStart() !== prefix || /^(?:-|\d+\.) /u.test(prefix.trimStart()),
    );
  }

  #write(block: string, listed = false): void {
    if (this.#length > MAX_TEXT) return;
    const quoted = this.#quotes === 0 ? block : block.replaceAll(/^/gmu, "> ".repeat(this.#quotes));
    this.#length += quoted.length + 2;
    const last = this.#out.length - 1;
    // Entries of one list stand on lines next to each other.
    if (listed && /^(?:> )*\s*(?:-|\d+\.) /u.test(lastLine(this.#out[last] ?? ""))) {
      this.#out[last] += `\n${quoted}`;
    } else this.#out.push(quoted);
  }

  #rule(): void {
    this.#flush();
    this.#write("---");
  }

  #openPre(): void {
    this.#flush();
    this.#pre += 1;
  }

  #closePre(): void {
    if (this.#pre === 0) return;
    const code = this.#line.replaceAll(/^\n+|\s+$/gu, "");
    this.#line = "";
    this.#pre -= 1;
    if (code === "") return;
    const longest = Math.max(2, ...(code.match(/`+/gu) ?? []).map((run) => run.length));
    const fence = "`".repeat(longest + 1);
    this.#write(`${fence}\n${code}\n${fence}`);
  }

  #changeQuotes(by: number): void {
    this.#flush();
    this.#quotes = Math.min(MAX_LISTS, Math.max(0, this.#quotes + by));
  }

  #openList(ordered: boolean): void {
    this.#flush();
    this.#lists.push({ ordered, n: 0 });
  }

  #closeList(): void {
    this.#flush();
    this.#lists.pop();
  }

  #item(): void {
    this.#flush();
    const list = this.#lists.at(-1);
    const depth = Math.min(MAX_LISTS, Math.max(0, this.#lists.length - 1));
    if (list) list.n += 1;
    this.#prefix = `${"  ".repeat(depth)}${list?.ordered ? `${list.n}.` : "-"} `;
  }

  #startTable(): void {
    this.#flush();
    this.#rows = 0;
  }

  #startRow(): void {
    this.#endRow();
    this.#cells = [];
  }

  #cell(): void {
    this.#cells ??= [];
    this.#endCell();
    this.#cells.push("");
  }

  #endCell(): void {
    if (!this.#cells) return;
    const last = this.#cells.length - 1;
    if (last >= 0) this.#cells[last] += oneLine(this.#line).replaceAll("|", "\\|");
    this.#line = "";
  }

  #endRow(): void {
    if (!this.#cells) return this.#flush();
    this.#endCell();
    const cells = this.#cells;
    this.#cells = null;
    if (cells.length === 0) return;
    const row = `| ${cells.join(" | ")} |`;
    this.#rows += 1;
    if (this.#rows === 1) this.#write(`${row}\n|${" --- |".repeat(cells.length)}`);
    else {
      this.#length += row.length;
      this.#out[this.#out.length - 1] += `\n${row}`;
    }
  }

  #closeLink(): void {
    const link = this.#links.pop();
    if (!link || this.#pre > 0) return;
    const text = oneLine(this.#line.slice(link.from));
    const href = absolute(link.href, this.#base);
    if (text === "" || href === null) return;
    const lead = this.#line.slice(0, link.from);
    this.#line = `${lead}[${text.replaceAll(/[[\]]/gu, "\\$&")}](${href})`;
  }
}

function isHidden(attributes: Readonly<Record<string, string>>): boolean {
  if ("hidden" in attributes || attributes["aria-hidden"] === "true") return true;
  return /display\s*:\s*none|visibility\s*:\s*hidden/iu.test(attributes["style"] ?? "");
}

function imageText({ alt = "" }: Readonly<Record<string, string>>): string {
  return alt.trim() === "" ? "" : ` (image: ${oneLine(alt).slice(0, 200)}) `;
}

/** A link worth keeping: http, absolute and not to the same page. */
function absolute(href: string, base: string): string | null {
  if (href === "" || href.startsWith("#") || href.length > 2_000 || !URL.canParse(href, base))
    return null;
  const url = new URL(href, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") return null;
  return url.href.replaceAll("(", "%28").replaceAll(")", "%29");
}

function tidyInline(text: string): string {
  return text
    .replaceAll(/[ \t]*\n[ \t]*/gu, "\n")
    .replaceAll(/ {2,}/gu, " ")
    .replaceAll(/\*{2,4}(\s*)\*{2}/gu, "$1")
    .trim();
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/gu, " ").trim();
}

function lastLine(text: string): string {
  return text.slice(text.lastIndexOf("\n") + 1);
}
