import { clip, plainText } from "../../std/text.ts";
import type { PatchView } from "../../contracts/outcome.ts";

/**
 * A patch as the mail `git format-patch` writes and `git am` takes. Its words are a model's: nothing in
 * them may read as a header, a second mail or the beginning of another patch.
 */
export function mailOf(
  view: Pick<PatchView, "run" | "agent" | "model" | "request" | "summary" | "commit" | "patch">,
  at: number,
): string {
  if (view.patch === "") return "";
  const { run, agent, model, request, summary, commit, patch } = view;
  const [first = "", ...rest] = lines(summary === "" ? request : summary);
  // What is said of it first keeps what follows from being read as headers.
  const body = [`By ${agent} on ${model}, asked: ${clip(lines(request).join(" "), REQUEST_CHARS)}`];
  const more = first.length > SUBJECT_CHARS ? [first, ...rest] : rest;
  return [
    `From ${commit ?? "0".repeat(40)} Mon Sep 17 00:00:00 2001`,
    `From: ${agent} <${agent}@nanos.invalid>`,
    `Date: ${new Date(at).toUTCString().replace("GMT", "+0000")}`,
    `Subject: ${header(`[PATCH] ${clip(first === "" ? `run ${run}` : first, SUBJECT_CHARS)}`)}`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=UTF-8",
    "Content-Transfer-Encoding: 8bit",
    "",
    ...[...body, ...(more.length > 0 ? ["", ...more] : []), "", `Nanos-Run: ${run}`].map(inert),
    "---",
    "",
    `${patch.replace(/\n?$/u, "\n")}-- `,
    "nanos",
    "",
  ].join("\n");
}

const SUBJECT_CHARS = 72;
const REQUEST_CHARS = 500;

function lines(text: string): string[] {
  return plainText(text)
    .replaceAll("\t", " ")
    .trim()
    .split("\n")
    .map((line) => line.trimEnd());
}

/** What would end the message stands one space further in, where it ends nothing. */
function inert(line: string): string {
  return /^(?:diff -|Index: |---|>*From )/u.test(line) ? ` ${line}` : line;
}

/** One header's words; those that are not plain letters in words of RFC 2047, which are short. */
function header(text: string): string {
  if (/^[\x20-\x7e]*$/u.test(text)) return text;
  return (text.match(/./gsu) ?? [])
    .reduce<string[]>((words, char) => {
      const last = words.at(-1) ?? "";
      if (last !== "" && Buffer.byteLength(last + char) <= WORD_BYTES)
        words[words.length - 1] += char;
      else words.push(char);
      return words;
    }, [])
    .map((word) => `=?UTF-8?B?${Buffer.from(word).toString("base64")}?=`)
    .join("\n ");
}

/** An encoded word has at most 75 letters. */
const WORD_BYTES = 42;
