/** The first heading of a note, or nothing. */
export function titleOf(text: string): string {
  return /^#{1,6}\s+(.+?)\s*#*\s*$/mu.exec(text)?.[1] ?? "";
}

const TAG_LINE = /^Tags:((?:[ \t]+#[\p{L}\p{N}_/-]+)*)[ \t]*$/mu;

/** The tags of a note's `Tags:` line, without `#`. */
export function tagsOf(text: string): string[] {
  const line = TAG_LINE.exec(text)?.[1] ?? "";
  return line
    .split(/\s+/u)
    .filter((tag) => tag !== "")
    .map((tag) => tag.slice(1));
}

/** A tag as it is written: one word, lower case. */
export function tagName(given: string): string {
  const tag = given.trim().replace(/^#/u, "").toLowerCase().replaceAll(/\s+/gu, "-");
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_/-]{0,63}$/u.test(tag))
    throw new Error(`“${given}” cannot be a tag.`);
  return tag;
}

/** The note with these tags added to its `Tags:` line, which stands below the title. */
export function withTags(text: string, more: readonly string[]): string {
  const known = tagsOf(text);
  const tags = [...new Set([...known, ...more])];
  if (tags.length === known.length) return text;
  const line = `Tags: ${tags.map((tag) => `#${tag}`).join(" ")}`;
  // A function, as the text of a tag is not to be read as a replacement pattern.
  if (TAG_LINE.test(text)) return text.replace(TAG_LINE, () => line);
  const title = /^#\s.*$/mu.exec(text);
  if (!title) return text === "" ? `${line}\n` : `${line}\n\n${text}`;
  const end = title.index + title[0].length;
  return `${text.slice(0, end)}\n\n${line}\n${text.slice(end).replace(/^\n+/u, "\n")}`;
}

/** A section headed by its date, with a title where there is one: `## 2026-11-21: React 19`. */
export function sectionHeading(date: string, title: string): string {
  const plain = title.replaceAll(/\s+/gu, " ").trim();
  return plain === "" ? `## ${date}` : `## ${date}: ${plain}`;
}

/**
 * The note with `text` under `heading`: at the end of that section where it exists, else as a new
 * section at the end of the note. Nothing that is there is changed.
 */
export function withSection(note: string, heading: string, text: string): string {
  const body = text.trim();
  const lines = note.trimEnd().split("\n");
  const at = lines.indexOf(heading);
  if (at < 0) return `${note.trim() === "" ? "" : `${note.trimEnd()}\n\n`}${heading}\n\n${body}\n`;
  const next = lines.findIndex((line, i) => i > at && /^#{1,2}\s/u.test(line));
  const end = next < 0 ? lines.length : next;
  const before = lines.slice(0, end).join("\n").trimEnd();
  const after = lines.slice(end).join("\n");
  return `${before}\n\n${body}\n${after === "" ? "" : `\n${after}\n`}`;
}

/** True when the section holds the text already. */
export function hasSection(note: string, heading: string, text: string): boolean {
  const start = note.split("\n").indexOf(heading);
  return start >= 0 && note.split("\n").slice(start).join("\n").includes(text.trim());
}
