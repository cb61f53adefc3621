import { Glob } from "bun";
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { createElement } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { placesOf } from "./pages/missions/graph.tsx";
import { imageType, rowsIn } from "./pages/vault/kinds.ts";
import { Markdown } from "./pages/vault/markdown.tsx";
import { placeAfter } from "./ui/list.tsx";
import { hrefOf, placeOf } from "./ui/place.ts";
import { partsOf, Plain } from "./ui/plain.tsx";

/** What pages are made of, without a browser. */

const shownOf = (text: string): string =>
  partsOf(text)
    .map((part) => part.text)
    .join("");

describe("what somebody else wrote", () => {
  test.each([
    ["plain", "plain"],
    ["a\nb\tc", "a\nb\tc"],
    ["\u202etxt.exe", "U+202Etxt.exe"],
    ["a\u200bb", "aU+200Bb"],
    ["\u001b[2Jgone", "U+001B[2Jgone"],
    ["👩\u200d👧", "👩\u200d👧"],
    ["pay\u200dpal", "payU+200Dpal"],
  ])("%j is shown as %j", (text, shown) => expect(shownOf(text)).toBe(shown));

  test("is never markup, whatever it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const html = renderToStaticMarkup(createElement(Plain, { text: `<img src=x>${text}` }));
        expect(html).not.toContain("<img");
        expect(html.replaceAll(/<\/?(?:bdi|span)[^>]*>/gu, "")).not.toMatch(/[<>]/u);
      }),
    );
  });

  test.each([
    "<script>alert(1)</script>",
    "<svg onload=alert(1)>",
    "[a](javascript:alert(1))",
    "![a](https://example.org/x.png)",
    "<a href=x>y</a> and <iframe src=x>",
    "[a]: https://example.org\n\n[a]",
  ])("markdown makes no element of %j that acts or loads", (text) => {
    const html = renderToStaticMarkup(createElement(Markdown, { text }));
    expect(html).not.toMatch(/<(?:script|svg|a|img|iframe)\b/u);
    expect(html).not.toMatch(/<[^>]*\s(?:href|src|on\w+)=/u);
  });

  test("markdown is drawn: headings, lists, code and tables", () => {
    const text = "# One\n\n- two *three*\n\n```\nfour\n```\n\n| a | b |\n|---|---|\n| c | d |\n";
    const html = renderToStaticMarkup(createElement(Markdown, { text }));
    for (const part of ["<h3>", "<ul><li>", "<em>", "<pre", "<table>", "<td>"]) {
      expect(html).toContain(part);
    }
  });
});

describe("what bytes are", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  test.each([
    [Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0), "image/png"],
    [bytes("GIF89a"), "image/gif"],
    [Uint8Array.of(0xff, 0xd8, 0xff, 0xe0), "image/jpeg"],
    [bytes("<svg xmlns='http://www.w3.org/2000/svg'/>"), null],
    [bytes(""), null],
  ])("%p is %p", (content, type) => expect(imageType(content)).toBe(type));

  test.each([
    [
      "a,b\nc,d\n",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    [
      'a,b\n"c,1","d ""e"""',
      [
        ["a", "b"],
        ["c,1", 'd "e"'],
      ],
    ],
    [
      "a\tb\nc\td",
      [
        ["a", "b"],
        ["c", "d"],
      ],
    ],
    ["a,b", null],
    ["one, two\nthree", null],
    ["plain text\nof two lines", null],
  ])("%j is the table %j", (text, rows) => expect(rowsIn(text)).toEqual(rows));
});

describe("ways through", () => {
  const key = (name: string) => ({ key: name, ctrlKey: false, metaKey: false, altKey: false });
  test.each([
    ["j", 0, 3, 1],
    ["k", 0, 3, 0],
    ["ArrowDown", 2, 3, 2],
    ["j", -1, 3, 0],
    ["End", 0, 3, 2],
    ["Home", 2, 3, 0],
    ["PageDown", 0, 30, 10],
    ["x", 0, 3, null],
    ["j", 0, 0, null],
  ])("%s at %i of %i leads to %p", (name, at, length, to) =>
    expect(placeAfter(key(name), at, length)).toBe(to),
  );

  test("an address leads back to where it was made", () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), fc.string(), (id, step) => {
        const place = placeOf(hrefOf("runs", id, { step }));
        expect([place.page, place.id, place.query.get("step")]).toEqual(["runs", id, step]);
      }),
    );
    expect(placeOf("#/runs/%zz").id).toBe("%zz");
  });

  test("a task is drawn after everything it needs", () => {
    const tasks = [
      { id: "a", needs: [] },
      { id: "b", needs: [] },
      { id: "c", needs: ["a", "b"] },
      { id: "d", needs: ["c", "a"] },
    ];
    expect([...placesOf(tasks)]).toEqual([
      ["a", { column: 0, row: 0 }],
      ["b", { column: 0, row: 1 }],
      ["c", { column: 1, row: 0 }],
      ["d", { column: 2, row: 0 }],
    ]);
  });
});

/** Whatever a page says that can be done is done by keys alone in a real browser. */
test("every action of the cockpit's source is done by its keys in a story", async () => {
  const read = (glob: string, from: string): string =>
    [...new Glob(glob).scanSync(from)]
      .map((file) => readFileSync(join(from, file), "utf8"))
      .join("\n");
  const source = read("**/*.tsx", import.meta.dirname);
  const stories = read("cockpit*.test.ts", join(import.meta.dirname, "../../test"));
  const done = [...stories.matchAll(/\.(?:act|fill|line)\(\s*"([^"]+)"/gu)].map(([, name]) => name);
  const says = [...source.matchAll(/\bsays(?:=\{?|: )["`]([^"`$]+)/gu)].map(([, name]) => name);
  const fields = [...source.matchAll(/<Field\s[^/]*?label(?:=\{?|: )["`]([^"`$]+)/gu)];
  const all = new Set([...says, ...fields.map(([, label]) => label)]);
  expect(all.size).toBeGreaterThan(50);
  const isDone = (name: string): boolean =>
    done.some((one = "") => one.startsWith(name) || one.endsWith(`: ${name}`) || one === name);
  const undone = [...all].filter((name = "") => !isDone(name.trim()));
  expect(undone).toEqual([]);
});
