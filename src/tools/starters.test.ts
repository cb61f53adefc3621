import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Json } from "../std/json.ts";
import { evaluate } from "../../starters/basics/skills/basics/lib/arithmetic.ts";
import { hasSection, tagsOf, withSection, withTags } from "../../starters/indie-developer/skills/notes/lib/text.ts";
import { dayNote, takeFrom, tidyNote } from "../../starters/indie-developer/skills/notes/lib/tidy.ts";
import { htmlToMarkdown } from "../../starters/indie-developer/skills/web/lib/markdown.ts";
import { partOf, passages } from "../../starters/indie-developer/skills/web/lib/page.ts";
import { answering, type Lab, openLab } from "./testing/lab.ts";
import type { ToolCall, ToolResult } from "./tool-host.ts";

setDefaultTimeout(60_000);

const STARTERS = join(import.meta.dir, "../../starters");

/** A starter's files as a lab wants them. */
function filesOf(starter: string): Record<string, string> {
  const dir = join(STARTERS, starter);
  const files: Record<string, string> = {};
  for (const entry of readdirSync(dir, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const inside = path.slice(dir.length + 1);
    const text = readFileSync(path, "utf8").replaceAll("{{today}}", "2026-11-21");
    files[inside.startsWith("seed/") ? `work/${inside.slice(5)}` : `arrangement/${inside}`] = text;
  }
  return files;
}

const outputOf = (result: ToolResult): Json => {
  if (!result.ok) throw new Error(`${result.failure.code}: ${result.failure.message}`);
  return result.output;
};

describe("the basics", () => {
  let lab: Lab;
  beforeAll(() => {
    lab = openLab({ files: filesOf("basics"), skills: { basics: [] } });
  });
  afterAll(() => lab.close());

  test("load, reach nothing and may be repeated", async () => {
    const { tools, broken } = await lab.host.list();
    expect(broken).toEqual([]);
    expect(tools.map(({ manifest }) => [manifest.name, manifest.scopes, manifest.repeatable])).toEqual([
      ["calculate", [], true], ["echo", [], true],
    ]);
  });

  test.each<[Json, Json]>([
    [{ expression: "2 + 2" }, { expression: "2 + 2", result: 4 }],
    [{ operation: "divide", a: 1, b: 4 }, { operation: "divide", operands: [1, 4], result: 0.25 }],
    [{ operation: "subtract", a: 1, b: 4 }, { operation: "subtract", operands: [1, 4], result: -3 }],
    [{ operation: "multiply", a: 3, b: 4 }, { operation: "multiply", operands: [3, 4], result: 12 }],
    [{ operation: "add", a: 0.1, b: 0.2 }, { operation: "add", operands: [0.1, 0.2], result: 0.3 }],
  ])("calculate %j", async (args, output) => {
    expect(outputOf(await lab.call("calculate", args))).toEqual(output);
  });

  test.each<[Json, string, RegExp]>([
    [{ operation: "divide", a: 1, b: 0 }, "tool.failed", /zero/u],
    [{ expression: "1 / (2 - 2)" }, "tool.failed", /zero/u],
    [{}, "tool.failed", /expression, or an operation/u],
    [{ operation: "add", a: 1 }, "tool.failed", /a and b/u],
    [{ expression: "1", operation: "add" }, "tool.failed", /not both/u],
    [{ operation: "power", a: 1, b: 1 }, "tool.bad_arguments", /operation/u],
    [{ operation: "add", a: "1", b: 1 }, "tool.bad_arguments", /a:/u],
  ])("calculate %j is refused with %s", async (args, code, says) => {
    const result = await lab.call("calculate", args);
    expect(result).toMatchObject({ ok: false, failure: { code, message: expect.stringMatching(says) as string } });
  });

  test("echo", async () => {
    expect(outputOf(await lab.call("echo", { text: "hello world" }))).toEqual({
      echoed: "hello world", timestamp: "2026-11-21T12:00:00.000Z",
    });
  });
});

describe("arithmetic", () => {
  test.each<[string, number | RegExp]>([
    ["1", 1], ["1 + 2 * 3", 7], ["(1 + 2) * 3", 9], ["2 ^ 3 ^ 2", 512], ["-2 ^ 2", -4], ["2 ^ -1", 0.5], ["--3", 3], ["+-+3", -3],
    ["7 % 4", 3], ["8 / 4 / 2", 1], ["1e3 + .5", 1000.5], ["0.1 + 0.2", 0.3], ["6 × 7", 42], ["8 ÷ 2 − 1", 3], [" ( ( 4 ) ) ", 4],
    ["", /too early/u], ["1 +", /too early/u], ["(1", /not closed/u], ["1)", /Nothing fits/u], ["1 2", /Nothing fits/u], ["* 2", /number is missing/u],
    ["2x", /no use for “x” at character 2/u], ["process.exit()", /no use/u], ["1 / 0", /zero/u], ["1 % 0", /zero/u], ["9 ^ 999", /too large/u], ["1e999", /too large/u],
    ["(".repeat(200) + "1", /deep/u], ["2^".repeat(200) + "1", /deep/u], ["1".repeat(1_001), /longer/u], ["()", /number is missing/u],
  ])("%s", (expression, expected) => {
    if (typeof expected === "number") expect(evaluate(expression)).toBe(expected);
    else expect(() => evaluate(expression)).toThrow(expected);
  });

  test("agrees with the language on sums and products", () => {
    const sign = fc.constantFrom("+", "-", "*");
    fc.assert(
      fc.property(fc.integer({ min: -999, max: 999 }), fc.array(fc.tuple(sign, fc.nat(999)), { maxLength: 6 }), (first, rest) => {
        // Worked out term by term, as the language itself may not be asked to run a text.
        let sum = 0;
        let product = first;
        for (const [op, n] of rest) {
          if (op === "*") product *= n;
          else {
            sum += product;
            product = op === "+" ? n : -n;
          }
        }
        const text = `${first}${rest.map(([op, n]) => ` ${op} ${n}`).join("")}`;
        expect(evaluate(text)).toBe(Number((sum + product).toPrecision(15)));
      }),
    );
  });

  test("any text gives a number or one sentence", () => {
    const text = fc.string({ unit: fc.constantFrom(..."0123456789.+-*/%^() e×"), maxLength: 40 });
    fc.assert(
      fc.property(text, (expression) => {
        try {
          expect(Number.isFinite(evaluate(expression))).toBe(true);
        } catch (error) {
          expect((error as Error).message).toMatch(/\.$/u);
        }
      }),
    );
  });
});

describe("the notes", () => {
  let lab: Lab;
  const notes = (): string => join(lab.workspace, "notes");
  beforeAll(() => {
    lab = openLab({ files: filesOf("indie-developer"), skills: { notes: ["read:./notes", "write:./notes"], web: ["net:*"] } });
  });
  afterAll(() => lab.close());

  const reading = (): string[] => [`read:${notes()}`];
  const writing = (): string[] => [`read:${notes()}`, `write:${notes()}`];

  /** Calls and puts what was written in place, as an allowed run does. */
  async function act(tool: string, args: Json, how: Partial<ToolCall> = {}): Promise<Json> {
    const result = await lab.call(tool, args, { scopes: writing(), ...how });
    const output = outputOf(result);
    if (result.ok && result.staged) {
      expect(await result.staged.commit()).toBeNull();
      await result.staged.discard();
    }
    return output;
  }
  const text = (name: string): string => readFileSync(join(notes(), name), "utf8");

  test("load, and only those that write may write", async () => {
    const { tools, broken } = await lab.host.list();
    expect(broken).toEqual([]);
    const writers = tools.filter(({ manifest }) => manifest.scopes.some((scope) => scope.startsWith("write:")));
    expect(writers.map(({ manifest }) => manifest.name).sort()).toEqual(["notes_append", "notes_move", "notes_tag", "notes_tidy"]);
    expect(tools.map(({ manifest }) => manifest.name).sort()).toEqual([
      "notes_append", "notes_list", "notes_move", "notes_read", "notes_tag", "notes_tidy", "web_fetch", "web_quote",
    ]);
  });

  test("work on real files, staged", async () => {
    expect(await act("notes_tidy", { date: "2026-11-21" })).toEqual({
      summary: "Tidied notes/2026-11-21.md: made from 6 entries of notes/inbox.md, open tasks first, 1 repeated entry removed.",
      files: ["notes/2026-11-21.md", "notes/inbox.md"],
    });
    expect(text("2026-11-21.md")).toContain("- [ ] water the ficus\n- [x] pay the domain\n");
    expect(text("inbox.md")).toBe("# Inbox\n\n- 2026-01-02 the old laptop still has the icon sources\n");
    expect(await act("notes_tidy", { date: "2026-11-21" })).toMatchObject({ files: [] });
    expect(await act("notes_tidy", { date: "2026-11-22" })).toMatchObject({ files: [] });

    const args = { note: "dashboard.md", section: "React 19 RC", text: "It is out.\n" };
    expect(outputOf(await lab.call("notes_append", args, { scopes: writing(), probe: true }))).toBe(false);
    expect(await act("notes_append", args)).toEqual({
      summary: "Added the section “React 19 RC” of 2026-11-21 to notes/dashboard.md.", note: "dashboard", created: false,
    });
    expect(text("dashboard.md")).toEndWith("ficus\n\n## 2026-11-21: React 19 RC\n\nIt is out.\n");
    expect(outputOf(await lab.call("notes_append", args, { scopes: writing(), probe: true }))).toBe(true);
    expect(await act("notes_append", { note: "projects/shop", text: "first" })).toMatchObject({ created: true });
    expect(text("projects/shop.md")).toBe("# projects/shop\n\n## 2026-11-21\n\nfirst\n");

    expect(await act("notes_tag", { note: "dashboard", tags: ["#React", "web app"] })).toMatchObject({ tags: ["react", "web-app"] });
    expect(text("dashboard.md")).toStartWith("# Dashboard\n\nTags: #react #web-app\n\nA page");
    expect(await act("notes_move", { note: "projects/shop", to: "archive/shop" })).toMatchObject({ note: "archive/shop" });
    expect(readdirSync(join(notes(), "archive"))).toEqual(["shop.md"]);
    const probe = { note: "projects/shop", to: "archive/shop" };
    expect(outputOf(await lab.call("notes_move", probe, { scopes: writing(), probe: true }))).toBe(true);

    const listed = outputOf(await lab.call("notes_list", { tag: "react" }, { scopes: reading() }));
    expect(listed).toMatchObject({ notes: [{ note: "dashboard", title: "Dashboard", tags: ["react", "web-app"] }] });
    const found = outputOf(await lab.call("notes_list", { text: "LAPTOP" }, { scopes: reading() }));
    expect(found).toMatchObject({ notes: [{ note: "inbox" }] });
    const read = outputOf(await lab.call("notes_read", { note: "inbox", from: 2 }, { scopes: reading() }));
    expect(read).toEqual({ note: "inbox", text: text("inbox.md").slice(2) });
  });

  test.each<[string, Json, RegExp]>([
    ["notes_read", { note: "nowhere" }, /no note nowhere.*inbox/u],
    ["notes_read", { note: "../secret" }, /cannot be the name/u],
    ["notes_read", { note: "/etc/passwd" }, /cannot be the name/u],
    ["notes_read", { note: ".hidden" }, /cannot be the name/u],
    ["notes_append", { note: "a/../../b", text: "x" }, /cannot be the name/u],
    ["notes_append", { note: "a", text: "" }, /text/u],
    ["notes_move", { note: "inbox", to: "dashboard" }, /already a note/u],
    ["notes_move", { note: "nowhere", to: "x" }, /no note/u],
    ["notes_tag", { note: "inbox", tags: ["a#b"] }, /cannot be a tag/u],
    ["notes_tidy", { date: "today" }, /date/u],
  ])("%s %j is refused in words", async (tool, args, says) => {
    const result = await lab.call(tool, args, { scopes: writing() });
    expect(result).toMatchObject({ ok: false, failure: { message: expect.stringMatching(says) as string } });
  });

  test("do nothing through a link that leads away", async () => {
    const outside = join(lab.root, "outside.md");
    writeFileSync(outside, "private");
    const { symlinkSync } = await import("node:fs");
    symlinkSync(outside, join(notes(), "link.md"));
    const result = await lab.call("notes_read", { note: "link" }, { scopes: reading() });
    expect(result).toMatchObject({ ok: false });
    rmSync(join(notes(), "link.md"));
  });

  test("a folder that is not there yet is made", async () => {
    const empty = openLab({ files: { ...filesOf("indie-developer") }, skills: { notes: ["read:./notes", "write:./notes"] } });
    rmSync(join(empty.workspace, "notes"), { recursive: true });
    const scopes = [`read:${empty.workspace}/notes`, `write:${empty.workspace}/notes`];
    expect(outputOf(await empty.call("notes_list", {}, { scopes: [scopes[0] ?? ""] }))).toEqual({ notes: [], text: "No notes." });
    const made = await empty.call("notes_append", { note: "first", text: "x" }, { scopes });
    expect(made).toMatchObject({ ok: true, output: { created: true } });
    if (made.ok) expect(await made.staged?.commit()).toBeNull();
    expect(readdirSync(join(empty.workspace, "notes"))).toEqual(["first.md"]);
    await empty.close();
  });

  test("the web tools ask nanos for the page and quote it exactly", async () => {
    const page = "<title>News</title><h1>News</h1><p>First words.<p>React 19 is <em>here</em>.<h2>Old</h2><p>React 18.";
    const { reach, wanted } = answering((one) => ({
      ok: true,
      value: { status: 200, headers: { "content-type": "text/html" }, body: page, url: one.kind === "fetch" ? one.url : "", host: "h" },
    }));
    const scopes = ["net:*"];
    const fetched = await lab.call("web_fetch", { url: "example.org/news" }, { scopes, reach });
    expect(outputOf(fetched)).toBe("Title: News\nURL: https://example.org/news\n\n# News\n\nFirst words.\n\nReact 19 is *here*.\n\n## Old\n\nReact 18.");
    expect(fetched).toMatchObject({ label: { integrity: "untrusted" } });
    expect(wanted).toMatchObject([{ kind: "fetch", method: "GET", url: "https://example.org/news" }]);
    expect(outputOf(await lab.call("web_quote", { url: "http://example.org", words: "react 19" }, { scopes, reach }))).toMatchObject({
      passages: [{ quote: "React 19 is *here*.", under: "News" }],
    });
    const status = answering(() => ({ ok: true, value: { status: 404, headers: {}, body: "", url: "", host: "h" } }));
    expect(await lab.call("web_fetch", { url: "http://x/" }, { scopes, reach: status.reach })).toMatchObject({
      ok: false, failure: { message: "http://x/ answered with status 404." },
    });
    const image = answering(() => ({ ok: true, value: { status: 200, headers: { "content-type": "image/png" }, body: "x", url: "", host: "h" } }));
    expect(await lab.call("web_fetch", { url: "http://x/" }, { scopes, reach: image.reach })).toMatchObject({
      ok: false, failure: { message: "http://x/ is not text but image/png." },
    });
    for (const url of ["file:///etc/passwd", "javascript:alert(1)", "http://"]) {
      expect(await lab.call("web_fetch", { url }, { scopes, reach })).toMatchObject({ ok: false });
    }
  });
});

/** Lines that say something, as often as they stand there. */
function contentLines(...texts: readonly string[]): string[] {
  return texts.flatMap((text) => text.split("\n")).map((line) => line.trimEnd()).filter((line) => line !== "").sort();
}

const someLine = fc.oneof(
  fc.constantFrom("", "", "# Title", "## Section", "- [ ] open", "- [x] done", "- [ ] open   ", "  - [ ] nested", "  more of it", "- 2026-11-21 dated", "- [ ] 2026-01-01 other day", "1. first", "2) second", "text", "\tindented", "```", "~~~ts", "    code", "---", "* star", "+ plus", "#tag", "- [X] DONE", "> quote", "| a | b |", "- ", "-"),
  fc.string({ maxLength: 12 }).map((text) => text.replaceAll(/[\n\r]/gu, " ")),
);
const someNote = fc.array(someLine, { maxLength: 30 }).map((lines) => lines.join("\n"));

describe("tidying", () => {
  test("twice changes nothing more", () => {
    fc.assert(
      fc.property(someNote, (note) => {
        const once = tidyNote(note).text;
        expect(tidyNote(once)).toEqual({ text: once, repeated: 0, sorted: 0 });
      }),
      { numRuns: 1_000 },
    );
  });

  test("loses no line but the repeated ones", () => {
    fc.assert(
      fc.property(someNote, (note) => {
        const { text, repeated } = tidyNote(note);
        const before = contentLines(note);
        const after = contentLines(text);
        expect(new Set(after)).toEqual(new Set(before));
        if (repeated === 0) expect(after).toEqual(before);
        else expect(after.length).toBeLessThan(before.length);
      }),
      { numRuns: 1_000 },
    );
  });

  test("moves every line of an inbox to one place or the other", () => {
    fc.assert(
      fc.property(someNote, (inbox) => {
        const taken = takeFrom(inbox, "2026-11-21");
        const day = taken.tasks.length + taken.notes.length === 0 ? "" : [...taken.tasks, ...taken.notes].join("\n");
        expect(contentLines(day, taken.rest)).toEqual(contentLines(inbox));
        const made = new Set(contentLines(dayNote("2026-11-21", taken)));
        for (const line of contentLines(day)) expect(made.has(line)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ["", ""],
    ["\n\n", ""],
    ["a  \n\n\n\nb", "a\n\nb\n"],
    ["# T\ntext\n## S\n- a", "# T\n\ntext\n\n## S\n\n- a\n"],
    ["- [x] b\n- [ ] a", "- [ ] a\n- [x] b\n"],
    ["- [x] b\n  - [ ] sub\n- [ ] a", "- [ ] a\n- [x] b\n  - [ ] sub\n"],
    ["- [x] b\n- plain\n- [ ] a", "- [ ] a\n- plain\n- [x] b\n"],
    ["- a\n- a\n- b", "- a\n- b\n"],
    ["- a\n\n- b", "- a\n- b\n"],
    ["- a\n\n# H\n- a", "- a\n\n# H\n\n- a\n"],
    ["```\n- b\n\n\n- b  \n```", "```\n- b\n\n\n- b  \n```\n"],
    ["---\nb: 1\na: 2\n---\n# T", "---\nb: 1\na: 2\n---\n\n# T\n"],
    ["a\r\n\r\n\r\nb\r\n", "a\n\nb\n"],
  ])("%j becomes %j", (note, tidy) => {
    expect(tidyNote(note).text).toBe(tidy);
  });
});

describe("a section", () => {
  const plain = someNote.map((note) => note.replaceAll(/^#{1,2}\s.*$/gmu, "words"));
  test("is added and nothing else is changed", () => {
    fc.assert(
      fc.property(someNote, plain.filter((text) => text.trim() !== ""), (note, text) => {
        const heading = "## 2026-11-21: Heading";
        const once = withSection(note, heading, text);
        expect(hasSection(once, heading, text)).toBe(true);
        expect(contentLines(once)).toEqual(contentLines(note, heading, text.trim()));
        const twice = withSection(once, heading, "more");
        expect(contentLines(twice)).toEqual(contentLines(once, "more"));
      }),
    );
  });

  test("tags are added once, below the title", () => {
    expect(withTags("# T\n\ntext\n", ["a", "b"])).toBe("# T\n\nTags: #a #b\n\ntext\n");
    expect(withTags("# T\n\nTags: #a\n\ntext\n", ["b", "a"])).toBe("# T\n\nTags: #a #b\n\ntext\n");
    expect(withTags("text\n", ["$&"])).toBe("Tags: #$&\n\ntext\n");
    fc.assert(
      fc.property(someNote, (note) => {
        const tagged = withTags(note, ["one"]);
        expect(tagsOf(tagged)).toContain("one");
        expect(withTags(tagged, ["one"])).toBe(tagged);
      }),
    );
  });
});

describe("a page as Markdown", () => {
  const markdown = (html: string): string => htmlToMarkdown(html, "https://example.org/a/b").text;

  test.each([
    ["<h1>A</h1><h3>B &amp; C</h3>", "# A\n\n### B & C"],
    ["<p>one\n  two<p>three", "one two\n\nthree"],
    ["<ul><li>a<li>b<ul><li>c</ul></ul><ol><li>x</li><li>y</li></ol>", "- a\n- b\n  - c\n1. x\n2. y"],
    ['<a href="/x">to x</a> <a href="#y">y</a> <a href="javascript:alert(1)">z</a>', "[to x](https://example.org/x) y z"],
    ['<a href="http://h/(a)">a [b]</a>', "[a \\[b\\]](http://h/%28a%29)"],
    ["<b>bold</b> <i>it</i> <code>x</code>", "**bold** *it* `x`"],
    ["<pre>a\n  b &lt;c&gt;</pre>", "```\na\n  b <c>\n```"],
    ["<pre>``` a</pre>", "````\n``` a\n````"],
    ["<blockquote><p>said</p><p>more</p></blockquote>after", "> said\n\n> more\n\nafter"],
    ["<table><tr><th>a<th>b<tr><td>1|2<td>3</table>", "| a | b |\n| --- | --- |\n| 1\\|2 | 3 |"],
    ["a<br>b<hr>c", "a\nb\n\n---\n\nc"],
    ['<img alt="A cat" src="x">', "(image: A cat)"],
    ["<script>alert('<p>no')</script><style>p{}</style><p>yes", "yes"],
    ["<script>never closed <p>no", ""],
    ["<p hidden>no</p><p style='display: none'>no</p><p aria-hidden=true>no</p>yes", "yes"],
    ["<!-- <p>no</p> --><!doctype html><p>yes", "yes"],
    ["<svg><title>no</title><text>no</text></svg>yes", "yes"],
    ["1 < 2 and 3 > 2 & more &unknown;", "1 < 2 and 3 > 2 & more &unknown;"],
    ["&#x1b;[2J&#0;&#65;&#x110000;&#xd800;", "\ufffd[2J\ufffdA\ufffd\ufffd"],
    ["<p title='>'>a</p><p class=\"x>y\">b", "a\n\nb"],
    ["</p></div></ul></table></pre>x", "x"],
    ["<a href='http://x/", ""],
    ["<", "<"],
  ])("%s", (html, expected) => {
    expect(markdown(html)).toBe(expected);
  });

  test("has the page's title", () => {
    expect(htmlToMarkdown("<title>A &amp; <b>B</title><svg><title>no", "http://x/").title).toBe("A & <b>B");
  });

  test("whatever the page is, it comes out bounded and without markup that runs", () => {
    const piece = fc.oneof(
      fc.constantFrom("<p>", "</p>", "<div", ">", "<ul>", "<li>", "</ul>", "<table>", "<tr>", "<td>", "<a href=", "'", '"', "<pre>", "</pre>", "<script>", "</script>", "<!--", "-->", "&lt;", "<b>", "<blockquote>", "<h1>", "=", "/", "<svg>"),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const html = pieces.join("");
        expect(markdown(html).length).toBeLessThan(100 * html.length + 100);
      }),
      { numRuns: 500 },
    );
  });

  test("a page made to be slow is not", () => {
    const pages = ["<".repeat(200_000), "<a ".repeat(100_000), "<div>".repeat(100_000), "<a href='".repeat(50_000), "&".repeat(200_000), "<ul><li>".repeat(50_000), "<!--".repeat(100_000), "<table><tr><td>".repeat(30_000), "<p ".concat("a=b ".repeat(100_000)), "<blockquote>".repeat(50_000).concat("x"), "<script>".repeat(50_000), " ".repeat(300_000), "*".repeat(300_000)];
    for (const page of pages) expect(markdown(page).length).toBeLessThan(2_000_000);
  });

  test("long ones come in parts, and quotes are exact", () => {
    const page = { url: "http://x/", status: 200, title: "", text: "0123456789" };
    expect(partOf(page, 2, 4)).toBe("URL: http://x/\nPart: 2 of 3\n\n4567");
    expect(partOf(page, 9, 4)).toContain("(nothing more)");
    expect(passages("# A\n\none Two\n\n## B\n\ntwo one three", "ONE two", 5)).toEqual([
      { quote: "one Two", under: "A" }, { quote: "two one three", under: "B" },
    ]);
    expect(passages("text", "!!", 5)).toEqual([]);
  });
});

test("nothing of a starter needs more than its files", () => {
  for (const starter of readdirSync(STARTERS)) {
    for (const [path, text] of Object.entries(filesOf(starter))) {
      if (!path.endsWith(".ts")) continue;
      const imports = Array.from(text.matchAll(/from "([^"]+)"/gu), (match) => match[1] ?? "");
      for (const name of imports) expect(name).toMatch(/^(?:nanos\/tool|node:[a-z]+|\.\.?\/[\w./-]+\.ts)$/u);
    }
  }
});
