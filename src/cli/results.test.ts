import { expect, test } from "bun:test";
import type { ArtifactLine } from "../contracts/artifact.ts";
import type { UndoView } from "../contracts/undo.ts";
import { contextLines } from "./commands/context.ts";
import { undoLines } from "./commands/undo.ts";
import { artifactTable } from "./commands/vault.ts";
import { paintAll, textOf } from "./render/line.ts";

test("undo: a dry run says what stays done, at 80 columns", () => {
  const view: UndoView = {
    of: "r1.4",
    files: [
      {
        ...{ path: "/w/a.md", kind: "modified", before: "1", after: "2" },
        bytes: 1,
        state: "ready",
      },
      {
        ...{ path: "/w/b.md", kind: "deleted", before: "1", after: null },
        bytes: 0,
        state: "changed",
      },
    ],
    changes: [],
    outward: [{ step: "r1.5", kind: "tool", name: "mail", to: [`net:${"m".repeat(90)}:443`] }],
  };
  const text = paintAll(undoLines(view, 80), false);
  expect(text.split("\n").slice(0, 4)).toEqual([
    "changes back /w/a.md",
    "takes away /w/b.md  was changed since, so nothing is undone",
    "",
    "stays done, as it left this machine's files: 1 step",
  ]);
  expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
});

test("vault: a table of artifacts at 80 columns, flagged where somebody should look", () => {
  const one: ArtifactLine = {
    ...{
      id: "r1k3f9x2ab7qz0m.4",
      run: "r1k3f9x2ab7qz0m",
      title: "long ".repeat(30),
      type: "report",
    },
    ...{ version: 2, hash: "", at: 0, status: "pending", flagged: true },
  };
  const text = paintAll(artifactTable([one], 80), false);
  expect(text.split("\n").every((line) => line.length <= 80)).toBe(true);
  expect(text).toContain("pending !");
  expect(paintAll(artifactTable([], 80), false)).toContain("Nothing is kept");
});

test("what the oracle is told without being in a file is shown whole, at every width", () => {
  const text = `## How you work\n${"Plans by use: brief (3), release (2). ".repeat(4)}`;
  const parts = [
    { what: "prompt of oracle", tokens: 100 },
    { what: "how you work here", tokens: 40, text },
  ];
  const view = {
    run: null,
    model: "m",
    window: null,
    parts,
    left: 0,
    tools: { offered: ["a"], of: 9 },
  };
  for (const width of [40, 80]) {
    const shown = contextLines(view, width).map(textOf);
    expect(shown.join(" ")).toContain("## How you work");
    expect(shown.join(" ")).toContain("m is offered 1 of 9 tools");
    expect(Math.max(...shown.map((line) => line.length))).toBeLessThanOrEqual(width);
  }
});
