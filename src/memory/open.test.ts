import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIMITS } from "../std/limits.ts";
import { memoryNamed, type Memory } from "./memory.ts";
import { noteHash, openMemory } from "./open.ts";

/** A memory in a folder of its own, gone when the test is. */
function opened(): { memory: Memory; dir: string } & Disposable {
  const dir = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-memory-")));
  const done = (): void => fs.rmSync(dir, { recursive: true, force: true });
  return { memory: openMemory(join(dir, "memory")), dir, [Symbol.dispose]: done };
}

test("nothing is made before the first note; each memory is a folder of its own", () => {
  using at = opened();
  expect(at.memory.list(["shared", "agents/tea"])).toEqual({ notes: [], skipped: [] });
  expect(fs.existsSync(at.memory.dir)).toBe(false);
  const note = at.memory.write("agents/tea", "a", "Boil it.");
  expect(note).toEqual({
    id: "a",
    memory: "agents/tea",
    text: "Boil it.",
    hash: noteHash("Boil it."),
  });
  at.memory.write("shared", "b", "All like tea.");
  at.memory.write("shared", "b", "All like tea.");
  expect(fs.readFileSync(join(at.memory.dir, "b.md"), "utf8")).toBe("All like tea.\n");
  expect(at.memory.list(["shared"]).notes.map(({ id }) => id)).toEqual(["b"]);
  expect(at.memory.list(["agents/tea"]).notes).toEqual([note]);
  expect([at.memory.remove("shared", "b"), at.memory.remove("shared", "b")]).toEqual([true, false]);
  expect([memoryNamed("shared"), memoryNamed("tea"), memoryNamed("agents/tea")]).toEqual([
    ...["shared", "agents/tea", "agents/tea"],
  ]);
});

test("links, other names of a file, pipes and what is too large are left out, and said", () => {
  using at = opened();
  at.memory.write("shared", "real", "A real one.");
  const file = (name: string): string => join(at.memory.dir, name);
  fs.writeFileSync(join(at.dir, "key"), "a key");
  fs.symlinkSync(join(at.dir, "key"), file("link.md"));
  fs.linkSync(join(at.dir, "key"), file("twice.md"));
  fs.writeFileSync(file("huge.md"), "a".repeat(LIMITS.noteBytes + 1));
  fs.mkdirSync(file("folder.md"));
  fs.writeFileSync(file(".hidden.md"), "x");
  fs.writeFileSync(file("other.txt"), "x");
  const { notes, skipped } = at.memory.list(["shared"]);
  expect(notes.map(({ id }) => id)).toEqual(["real"]);
  const why = ["it is no file.", "it is larger than 65536 bytes.", "it is a symbolic link."];
  for (const words of [...why, "it has another name elsewhere."]) {
    expect(skipped.some((line) => line.endsWith(words))).toBe(true);
  }
  expect(skipped.length).toBe(4);
  fs.symlinkSync(at.dir, file("conversation"));
  expect(at.memory.list(["conversation"]).notes).toEqual([]);
  const refused = expect.objectContaining({ code: "memory.unwritable" }) as Error;
  expect(() => at.memory.write("conversation", "a", "x")).toThrow(refused);
  expect(at.memory.remove("conversation", "key")).toBe(false);
});

test("a name that leads out of its folder is none", () => {
  using at = opened();
  for (const memory of ["../x", "agents/..", "agents/a/b", "", "agents/A", "/tmp"]) {
    expect(() => at.memory.list([memory])).toThrow("There is no memory");
  }
  for (const id of ["../a", "a/b", ".a", "", "a\nb", "a".repeat(201)]) {
    expect(() => at.memory.write("shared", id, "x")).toThrow("is no name of a note");
    expect(() => at.memory.remove("shared", id)).toThrow("is no name of a note");
  }
  fs.writeFileSync(at.memory.dir, "no folder");
  expect(() => at.memory.list(["shared"])).toThrow("cannot be read");
});

test("words are found whatever their accents and case, best first, and only where one may look", () => {
  using at = opened();
  at.memory.write("shared", "a", "Das Café öffnet um acht.");
  at.memory.write("shared", "b", "cafe cafe cafe");
  at.memory.write("agents/tea", "c", "The café is closed.");
  const found = (words: string, memories = ["shared"]): string[] =>
    at.memory.search(memories, words, 10).map(({ id }) => id);
  expect(found("CAFÉ")).toEqual(["b", "a"]);
  expect(found("öff")).toEqual(["a"]);
  expect(found("cafe", ["agents/tea"])).toEqual(["c"]);
  expect(found('") OR text MATCH ("x* NEAR NOT')).toEqual([]);
  expect(found("  ")).toEqual(["a", "b"]);
  expect(at.memory.search(["shared"], "", 1).length).toBe(1);
});
