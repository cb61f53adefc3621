import type { ToolContext } from "nanos/tool";
import { htmlToMarkdown } from "./markdown.ts";

/** A page as it can be read and quoted. */
export interface Page {
  readonly url: string;
  readonly status: number;
  readonly title: string;
  readonly text: string;
}

/** Fetches one page and turns it into Markdown. Throws what stands in the way, in one sentence. */
export async function fetchPage(url: string, ctx: ToolContext): Promise<Page> {
  const target = pageAddress(url);
  const reply = await ctx.fetch(target, {
    headers: { accept: "text/html, text/markdown;q=0.9, text/plain;q=0.8, */*;q=0.1" },
  });
  if (!reply.ok) throw new Error(`${target} answered with status ${reply.status}.`);
  const type = reply.headers["content-type"] ?? "text/html";
  const body = reply.text();
  const at = { url: reply.url === "" ? target : reply.url, status: reply.status };
  if (/html/iu.test(type)) return { ...at, ...htmlToMarkdown(body, at.url) };
  if (/^(?:text\/|application\/(?:json|xml|.*\+(?:json|xml)))/iu.test(type)) {
    return { ...at, title: "", text: body.trim() };
  }
  throw new Error(`${target} is not text but ${type.split(";", 1)[0]?.slice(0, 60)}.`);
}

function pageAddress(given: string): string {
  const text = given.trim();
  const url =
    /^[a-z][a-z0-9+.-]*:/iu.test(text) && !/^[\w.-]+:\d+/u.test(text) ? text : `https://${text}`;
  if (!URL.canParse(url) || !/^https?:$/u.test(new URL(url).protocol)) {
    throw new Error(`“${given}” is no http or https address.`);
  }
  return url;
}

/** The page headed by where it comes from; `part` counts from 1. */
export function partOf(page: Page, part: number, size: number): string {
  const parts = Math.max(1, Math.ceil(page.text.length / size));
  const head = [
    ...(page.title === "" ? [] : [`Title: ${page.title}`]),
    `URL: ${page.url}`,
    ...(parts > 1 ? [`Part: ${part} of ${parts}`] : []),
  ];
  const text = page.text.slice((part - 1) * size, part * size);
  return `${head.join("\n")}\n\n${text === "" ? "(nothing more)" : text}`;
}

export interface Passage {
  readonly quote: string;
  /** Heading it stands under. */
  readonly under: string;
}

/** The passages of a page that hold all words of `words`, exactly as they stand there. */
export function passages(text: string, words: string, most: number): readonly Passage[] {
  const wanted = words.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (wanted.length === 0) return [];
  const found: Passage[] = [];
  let under = "";
  for (const block of text.split(/\n{2,}/u)) {
    const heading = /^#{1,6}\s+(.*)$/u.exec(block)?.[1];
    if (heading !== undefined) under = heading;
    const lower = block.toLowerCase();
    if (heading !== undefined || !wanted.every((word) => lower.includes(word))) continue;
    found.push({ quote: block.trim().slice(0, MAX_QUOTE), under });
    if (found.length >= most) break;
  }
  return found;
}

const MAX_QUOTE = 2_000;
