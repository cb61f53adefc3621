import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { htmlToMarkdown } from "../../../starters/indie-developer/skills/web-research/lib/markdown.ts";
import {
  partOf,
  passages,
} from "../../../starters/indie-developer/skills/web-research/lib/page.ts";

describe("a page as Markdown", () => {
  const markdown = (html: string): string => htmlToMarkdown(html, "https://example.org/a/b").text;

  test.each([
    ["<h1>A</h1><h3>B &amp; C</h3>", "# A\n\n### B & C"],
    ["<p>one\n  two<p>three", "one two\n\nthree"],
    [
      "<ul><li>a<li>b<ul><li>c</ul></ul><ol><li>x</li><li>y</li></ol>",
      "- a\n- b\n  - c\n1. x\n2. y",
    ],
    [
      '<a href="/x">to x</a> <a href="#y">y</a> <a href="javascript:alert(1)">z</a>',
      "[to x](https://example.org/x) y z",
    ],
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
    expect(htmlToMarkdown("<title>A &amp; <b>B</title><svg><title>no", "http://x/").title).toBe(
      "A & <b>B",
    );
  });

  test("whatever the page is, it comes out bounded and without markup that runs", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        "<p>",
        "</p>",
        "<div",
        ">",
        "<ul>",
        "<li>",
        "</ul>",
        "<table>",
        "<tr>",
        "<td>",
        "<a href=",
        "'",
        '"',
        "<pre>",
        "</pre>",
        "<script>",
        "</script>",
        "<!--",
        "-->",
        "&lt;",
        "<b>",
        "<blockquote>",
        "<h1>",
        "=",
        "/",
        "<svg>",
      ),
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
    const pages = [
      "<".repeat(200_000),
      "<a ".repeat(100_000),
      "<div>".repeat(100_000),
      "<a href='".repeat(50_000),
      "&".repeat(200_000),
      "<ul><li>".repeat(50_000),
      "<!--".repeat(100_000),
      "<table><tr><td>".repeat(30_000),
      "<p ".concat("a=b ".repeat(100_000)),
      "<blockquote>".repeat(50_000).concat("x"),
      "<script>".repeat(50_000),
      " ".repeat(300_000),
      "*".repeat(300_000),
    ];
    for (const page of pages) expect(markdown(page).length).toBeLessThan(2_000_000);
  });

  test("long ones come in parts, and quotes are exact", () => {
    const page = { url: "http://x/", status: 200, title: "", text: "0123456789" };
    expect(partOf(page, 2, 4)).toBe("URL: http://x/\nPart: 2 of 3\n\n4567");
    expect(partOf(page, 9, 4)).toContain("(nothing more)");
    expect(passages("# A\n\none Two\n\n## B\n\ntwo one three", "ONE two", 5)).toEqual([
      { quote: "one Two", under: "A" },
      { quote: "two one three", under: "B" },
    ]);
    expect(passages("text", "!!", 5)).toEqual([]);
  });
});
