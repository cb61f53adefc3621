import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Json } from "../../std/json.ts";
import { answering, type Lab, openLab } from "../testing/lab.ts";
import { filesOf, outputOf, STARTERS } from "../testing/starter.ts";
import type { ToolCall } from "../tool-host.ts";

setDefaultTimeout(60_000);

describe("the notes", () => {
  let lab: Lab;
  const notes = (): string => join(lab.workspace, "notes");
  beforeAll(() => {
    lab = openLab({
      files: filesOf("indie-developer"),
      skills: { "file-organiser": ["read:./notes", "write:./notes"], "web-research": ["net:*"] },
    });
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
    const writers = tools.filter(({ manifest }) =>
      manifest.scopes.some((scope) => scope.startsWith("write:")),
    );
    expect(writers.map(({ manifest }) => manifest.name).sort()).toEqual([
      "notes_append",
      "notes_move",
      "notes_tag",
      "notes_tidy",
    ]);
    expect(tools.map(({ manifest }) => manifest.name).sort()).toEqual([
      "notes_append",
      "notes_list",
      "notes_move",
      "notes_read",
      "notes_tag",
      "notes_tidy",
      "web_fetch",
      "web_quote",
    ]);
  });

  test("work on real files, staged", async () => {
    expect(await act("notes_tidy", { date: "2026-11-21" })).toEqual({
      summary:
        "Tidied notes/2026-11-21.md: made from 6 entries of notes/inbox.md, open tasks first, 1 repeated entry removed.",
      files: ["notes/2026-11-21.md", "notes/inbox.md"],
    });
    expect(text("2026-11-21.md")).toContain("- [ ] water the ficus\n- [x] pay the domain\n");
    expect(text("inbox.md")).toBe(
      "# Inbox\n\n- 2026-01-02 the old laptop still has the icon sources\n",
    );
    expect(await act("notes_tidy", { date: "2026-11-21" })).toMatchObject({ files: [] });
    expect(await act("notes_tidy", { date: "2026-11-22" })).toMatchObject({ files: [] });

    const args = { note: "dashboard.md", section: "React 19 RC", text: "It is out.\n" };
    expect(outputOf(await lab.call("notes_append", args, { scopes: writing(), probe: true }))).toBe(
      false,
    );
    expect(await act("notes_append", args)).toEqual({
      summary: "Added the section “React 19 RC” of 2026-11-21 to notes/dashboard.md.",
      note: "dashboard",
      created: false,
    });
    expect(text("dashboard.md")).toEndWith("ficus\n\n## 2026-11-21: React 19 RC\n\nIt is out.\n");
    expect(outputOf(await lab.call("notes_append", args, { scopes: writing(), probe: true }))).toBe(
      true,
    );
    expect(await act("notes_append", { note: "projects/shop", text: "first" })).toMatchObject({
      created: true,
    });
    expect(text("projects/shop.md")).toBe("# projects/shop\n\n## 2026-11-21\n\nfirst\n");

    expect(
      await act("notes_tag", { note: "dashboard", tags: ["#React", "web app"] }),
    ).toMatchObject({ tags: ["react", "web-app"] });
    expect(text("dashboard.md")).toStartWith("# Dashboard\n\nTags: #react #web-app\n\nA page");
    expect(await act("notes_move", { note: "projects/shop", to: "archive/shop" })).toMatchObject({
      note: "archive/shop",
    });
    expect(readdirSync(join(notes(), "archive"))).toEqual(["shop.md"]);
    const probe = { note: "projects/shop", to: "archive/shop" };
    expect(outputOf(await lab.call("notes_move", probe, { scopes: writing(), probe: true }))).toBe(
      true,
    );

    const listed = outputOf(await lab.call("notes_list", { tag: "react" }, { scopes: reading() }));
    expect(listed).toMatchObject({
      notes: [{ note: "dashboard", title: "Dashboard", tags: ["react", "web-app"] }],
    });
    const found = outputOf(await lab.call("notes_list", { text: "LAPTOP" }, { scopes: reading() }));
    expect(found).toMatchObject({ notes: [{ note: "inbox" }] });
    const read = outputOf(
      await lab.call("notes_read", { note: "inbox", from: 2 }, { scopes: reading() }),
    );
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
    expect(result).toMatchObject({
      ok: false,
      failure: { message: expect.stringMatching(says) as string },
    });
  });

  test("do nothing through a link that leads away", async () => {
    const outside = join(lab.root, "outside.md");
    writeFileSync(outside, "private");
    symlinkSync(outside, join(notes(), "link.md"));
    const result = await lab.call("notes_read", { note: "link" }, { scopes: reading() });
    expect(result).toMatchObject({ ok: false });
    rmSync(join(notes(), "link.md"));
  });

  test("a folder that is not there yet is made", async () => {
    const empty = openLab({
      files: { ...filesOf("indie-developer") },
      skills: { "file-organiser": ["read:./notes", "write:./notes"] },
    });
    rmSync(join(empty.workspace, "notes"), { recursive: true });
    const scopes = [`read:${empty.workspace}/notes`, `write:${empty.workspace}/notes`];
    expect(outputOf(await empty.call("notes_list", {}, { scopes: [scopes[0] ?? ""] }))).toEqual({
      notes: [],
      text: "No notes.",
    });
    const made = await empty.call("notes_append", { note: "first", text: "x" }, { scopes });
    expect(made).toMatchObject({ ok: true, output: { created: true } });
    if (made.ok) expect(await made.staged?.commit()).toBeNull();
    expect(readdirSync(join(empty.workspace, "notes"))).toEqual(["first.md"]);
    await empty.close();
  });

  test("the web tools ask nanos for the page and quote it exactly", async () => {
    const page =
      "<title>News</title><h1>News</h1><p>First words.<p>React 19 is <em>here</em>.<h2>Old</h2><p>React 18.";
    const { reach, wanted } = answering((one) => ({
      ok: true,
      value: {
        status: 200,
        headers: { "content-type": "text/html" },
        body: page,
        url: one.kind === "fetch" ? one.url : "",
        host: "h",
      },
    }));
    const scopes = ["net:*"];
    const fetched = await lab.call("web_fetch", { url: "example.org/news" }, { scopes, reach });
    expect(outputOf(fetched)).toBe(
      "Title: News\nURL: https://example.org/news\n\n# News\n\nFirst words.\n\nReact 19 is *here*.\n\n## Old\n\nReact 18.",
    );
    expect(fetched).toMatchObject({ label: { integrity: "untrusted" } });
    expect(wanted).toMatchObject([
      { kind: "fetch", method: "GET", url: "https://example.org/news" },
    ]);
    expect(
      outputOf(
        await lab.call(
          "web_quote",
          { url: "http://example.org", words: "react 19" },
          { scopes, reach },
        ),
      ),
    ).toMatchObject({
      passages: [{ quote: "React 19 is *here*.", under: "News" }],
    });
    const status = answering(() => ({
      ok: true,
      value: { status: 404, headers: {}, body: "", url: "", host: "h" },
    }));
    expect(
      await lab.call("web_fetch", { url: "http://x/" }, { scopes, reach: status.reach }),
    ).toMatchObject({
      ok: false,
      failure: { message: "http://x/ answered with status 404." },
    });
    const image = answering(() => ({
      ok: true,
      value: {
        status: 200,
        headers: { "content-type": "image/png" },
        body: "x",
        url: "",
        host: "h",
      },
    }));
    expect(
      await lab.call("web_fetch", { url: "http://x/" }, { scopes, reach: image.reach }),
    ).toMatchObject({
      ok: false,
      failure: { message: "http://x/ is not text but image/png." },
    });
    for (const url of ["file:///etc/passwd", "javascript:alert(1)", "http://"]) {
      expect(await lab.call("web_fetch", { url }, { scopes, reach })).toMatchObject({ ok: false });
    }
  });
});

test("nothing of a starter needs more than its files", () => {
  for (const starter of readdirSync(STARTERS)) {
    for (const [path, text] of Object.entries(filesOf(starter))) {
      if (!path.endsWith(".ts")) continue;
      const imports = Array.from(text.matchAll(/from "([^"]+)"/gu), (match) => match[1] ?? "");
      for (const name of imports)
        expect(name).toMatch(/^(?:nanos\/tool|node:[a-z]+|\.\.?\/[\w./-]+\.ts)$/u);
    }
  }
});
