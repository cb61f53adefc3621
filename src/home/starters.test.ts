import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { join } from "node:path";
import { fakeClock, systemClock } from "../std/clock.ts";
import { assetsDir } from "./assets.ts";
import { type Home, openHome } from "./home.ts";
import { starterList } from "./starters.ts";
import { refusal, SMALL, testFolder, type TestFolder, under } from "./testing/folder.ts";

const STARTER = under("starter", {
  ...SMALL,
  "seed/notes/{{today}}.md": "# {{today}}\n",
  "seed/notes/keep.md": "seed\n",
});

function home(folder: TestFolder): Home {
  const clock = {
    ...fakeClock(Date.UTC(2026, 2, 5, 12)),
    sleep: (ms: number) => systemClock.sleep(ms),
  };
  return openHome({ home: join(folder.dir, "u/.nano-os"), cwd: folder.dir, env: {}, clock });
}

function filesIn(dir: string): string[] {
  return fs
    .readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .filter((path) => !path.includes("machine/"))
    .toSorted();
}

const OWN = Object.keys(SMALL).toSorted();

test("a starter becomes the home's own arrangement, its seed the workspace's files", async () => {
  using folder = testFolder({ ...STARTER, "u/x": "" });
  const opened = home(folder);
  const result = await opened.init("starter");
  expect({ dir: result.dir, workspace: result.workspace, kept: result.kept }).toEqual({
    dir: join(folder.dir, "u/.nano-os"),
    workspace: join(folder.dir, "u"),
    kept: [],
  });
  expect(filesIn(join(folder.dir, "u"))).toEqual(
    [
      ...OWN.map((path) => `.nano-os/${path}`),
      "notes/2026-03-05.md",
      "notes/keep.md",
      "x",
    ].toSorted(),
  );
  expect(result.files.at(-1)).toBe(join(folder.dir, "u/.nano-os/arrangement.yaml"));
  expect(folder.read("u/notes/2026-03-05.md")).toBe("# 2026-03-05\n");
  const loaded = await home(folder).arrangement();
  expect((await opened.lock.read()).skills).toEqual({
    notes: {
      hash: loaded.skills.get("notes")?.hash ?? "",
      at: Date.UTC(2026, 2, 5, 12),
      from: "starter",
    },
  });
});

test("set up once more, no folder of it is touched, as tools of it may be running", async () => {
  using folder = testFolder({ ...STARTER, "u/x": "" });
  await home(folder).init("starter");
  const folders = fs
    .readdirSync(join(folder.dir, "u/.nano-os"), { recursive: true, withFileTypes: true })
    .flatMap((one) => (one.isDirectory() ? [join(one.parentPath, one.name)] : []))
    .filter((path) => !path.includes("machine"));
  expect(folders.length).toBeGreaterThan(2);
  const times = (): bigint[] => folders.map((path) => fs.statSync(path, { bigint: true }).mtimeNs);
  const before = times();
  await home(folder).init("starter");
  expect(times()).toEqual(before);
});

test("a starter becomes a project's arrangement, with its ignore file, and is not trusted unseen", async () => {
  using folder = testFolder({ ...STARTER, "u/x": "" });
  await home(folder).init("starter", "work/p");
  expect(filesIn(join(folder.dir, "work/p"))).toEqual(
    [...OWN, ".gitignore"]
      .map((path) => `.nano-os/${path}`)
      .concat("notes/2026-03-05.md", "notes/keep.md")
      .toSorted(),
  );
  const ignored = folder.read("work/p/.nano-os/.gitignore").split("\n");
  const never = ["machine/", "secrets/", "*.key", ".env", "memory/agents/", "memory/conversation/"];
  for (const line of never) expect(ignored).toContain(line);
  const there = openHome({
    home: join(folder.dir, "u/.nano-os"),
    cwd: join(folder.dir, "work/p"),
    env: {},
  });
  expect((await refusal(() => there.arrangement())).code).toBe("trust.needed");
  expect((await there.lock.read()).skills["notes"]?.from).toBe("starter");
});

test("nothing that is there is ever overwritten; what differs is listed", async () => {
  using folder = testFolder({
    ...STARTER,
    "u/notes/keep.md": "mine\n",
    "u/.nano-os/agents/oracle.md": "mine\n",
    "u/.nano-os/skills/notes/SKILL.md": "mine\n",
    "u/.nano-os/rules.yaml": SMALL["rules.yaml"] ?? "",
  });
  const opened = home(folder);
  const result = await opened.init("starter");
  expect(result.kept?.map((path) => path.slice(folder.dir.length))).toEqual([
    "/u/.nano-os/agents/oracle.md",
    "/u/.nano-os/skills/notes/SKILL.md",
    "/u/notes/keep.md",
  ]);
  expect(result.files).not.toContain(join(folder.dir, "u/.nano-os/rules.yaml"));
  for (const path of ["u/notes/keep.md", "u/.nano-os/agents/oracle.md"])
    expect(folder.read(path)).toBe("mine\n");
  // A skill that is not what the starter holds is not locked.
  expect((await opened.lock.read()).skills).toEqual({});
});

test("a second time changes nothing, another arrangement is refused", async () => {
  using folder = testFolder({ ...STARTER, "u/x": "" });
  const opened = home(folder);
  await opened.init("starter");
  expect(await opened.init("starter")).toMatchObject({ files: [], kept: [] });
  folder.write({ "starter/arrangement.yaml": "name: other\n" });
  expect((await refusal(() => opened.init("starter"))).code).toBe("init.exists");
});

test("a project that links elsewhere is not written through", async () => {
  using folder = testFolder({ ...STARTER, "u/x": "", "p/x": "", "outside/x": "" });
  for (const link of [".nano-os", "notes"]) {
    fs.symlinkSync(join(folder.dir, "outside"), join(folder.dir, "p", link));
    expect((await refusal(() => home(folder).init("starter", "p"))).code).toBe("init.linked");
    fs.rmSync(join(folder.dir, "p", link));
  }
  expect(fs.readdirSync(join(folder.dir, "outside"))).toEqual(["x"]);
  expect(fs.readdirSync(join(folder.dir, "p"))).toEqual(["x"]);
});

test("a project's folder can be a starter too", async () => {
  using folder = testFolder({ ...under("p/.nano-os", SMALL), "u/x": "" });
  const result = await home(folder).init("p");
  expect(result.files.length).toBe(OWN.length);
});

describe("a starter that is refused writes nothing", () => {
  const CASES: readonly (readonly [string, (dir: string) => void, string, string])[] = [
    [
      "a link",
      (dir) => fs.symlinkSync("/etc/passwd", join(dir, "skills/notes/x")),
      "starter.unsafe",
      "starter: skills/notes/x is a symbolic link.",
    ],
    [
      "a name with a space",
      (dir) => fs.writeFileSync(join(dir, "skills/a b"), ""),
      "starter.unsafe",
      "starter: skills/a b has a name outside A-Z, a-z, 0-9, dot, - and _.",
    ],
    [
      "a name that only looks alike",
      (dir) => fs.writeFileSync(join(dir, "skills/\u0430"), ""),
      "starter.unsafe",
      "starter: skills/\u0430 has a name outside A-Z, a-z, 0-9, dot, - and _.",
    ],
    [
      "two names that differ in case",
      (dir) => {
        fs.writeFileSync(join(dir, "seed/A"), "");
        fs.writeFileSync(join(dir, "seed/a"), "");
      },
      "starter.unsafe",
      "starter: seed/a differs from seed/A only in upper and lower case.",
    ],
    [
      "a broken manifest",
      (dir) => fs.writeFileSync(join(dir, "rules.yaml"), "x: 1"),
      "manifest.invalid",
      "rules.yaml:1: missing field 'rules'\nrules.yaml:1: unknown field 'x'; the fields are rules",
    ],
  ];
  for (const [what, make, code, message] of CASES) {
    test(what, async () => {
      using folder = testFolder({ ...STARTER, "u/x": "" });
      make(join(folder.dir, "starter"));
      const said = await refusal(() => home(folder).init("starter"));
      expect({ code: said.code, message: said.message }).toEqual({ code, message });
      expect(filesIn(join(folder.dir, "u"))).toEqual(["x"]);
    });
  }

  test("a name nobody has", async () => {
    using folder = testFolder({ "u/x": "" });
    const { code, message } = await refusal(() => home(folder).init("nobody\u001b[2J"));
    expect(code).toBe("starter.unknown");
    expect(message).toBe(
      "There is no starter 'nobody' and no folder of that name with an arrangement.yaml.",
    );
  });
});

test("every starter that comes with nanos loads, applies and leaves nothing out", async () => {
  const names = (await starterList()).map((line) => line.name);
  expect(names).toEqual(
    fs
      .readdirSync(join(assetsDir(), "starters"))
      .filter((name) => fs.existsSync(join(assetsDir(), "starters", name, "arrangement.yaml")))
      .toSorted(),
  );
  for (const { name, description } of await starterList()) {
    expect(description, name).not.toBe("");
    using folder = testFolder({ "u/x": "", "p/x": "" });
    const opened = home(folder);
    expect((await opened.init(name)).kept).toEqual([]);
    const loaded = await home(folder).arrangement();
    expect(loaded.warnings, name).toEqual([]);
    expect(Object.keys((await opened.lock.read()).skills).toSorted()).toEqual(
      [...loaded.skills.keys()].toSorted(),
    );
    // Made by the operator of what comes with nanos alone: no second yes.
    await opened.init(name, join(folder.dir, "p"));
    const there = openHome({
      home: join(folder.dir, "u/.nano-os"),
      cwd: join(folder.dir, "p"),
      env: {},
    });
    expect((await there.arrangement()).dir).toBe(join(folder.dir, "p/.nano-os"));
  }
});

test("the starters that have the two small tools have the same", () => {
  const [basics, toy] = ["basics", "toy"].map((name) => {
    const skill = join(assetsDir(), "starters", name, "skills/basics");
    return filesIn(skill).map((path) => [path, fs.readFileSync(join(skill, path), "utf8")]);
  });
  expect(basics?.length).toBeGreaterThan(3);
  expect(toy).toEqual(basics);
});
