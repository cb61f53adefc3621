import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { LIMITS } from "../std/limits.ts";
import { findHome, findProject, prepareHome, workspacePaths } from "./places.ts";
import { refusal, SMALL, testFolder, under } from "./testing/folder.ts";
import { AS_ROOT, child, NOBODY } from "./testing/process.ts";

describe("where the home is", () => {
  const CASES: readonly (readonly [string, Parameters<typeof findHome>[0], string, string])[] = [
    ["the user's own", {}, "/u/.nano-os", "/u"],
    ["from the environment", { env: { NANOS_HOME: "/e/.nano-os" } }, "/e/.nano-os", "/e"],
    ["an empty variable is none", { env: { NANOS_HOME: "" } }, "/u/.nano-os", "/u"],
    ["the flag wins", { home: "/f", env: { NANOS_HOME: "/e" } }, "/f", "/f/workspace"],
    ["a relative flag", { home: "here" }, "/c/here", "/c/here/workspace"],
    ["a flag with a tilde", { home: "~/there" }, "/u/there", "/u/there/workspace"],
  ];
  for (const [what, choice, home, workspace] of CASES) {
    test(what, () => {
      const paths = findHome({ userHome: "/u", cwd: "/c", ...choice });
      expect({ home: paths.home, workspace: paths.workspace }).toEqual({ home, workspace });
      expect(paths.config).toBe(`${home}/machine/config.yaml`);
    });
  }

  test("a link to the home keeps its workspace", () => {
    using folder = testFolder({ "dots/x": "" });
    fs.symlinkSync("dots", join(folder.dir, ".nano-os"));
    const paths = findHome({ userHome: folder.dir });
    expect([paths.home, paths.workspace]).toEqual([join(folder.dir, "dots"), folder.dir]);
  });

  test("each workspace has its own grants and lock", () => {
    const paths = findHome({ home: "/h" });
    expect(workspacePaths(paths, "/a").grants).toMatch(
      /^\/h\/machine\/workspaces\/[0-9a-f]{16}\/grants\.json$/u,
    );
    expect(workspacePaths(paths, "/a").dir).not.toBe(workspacePaths(paths, "/b").dir);
  });
});

describe("a home that cannot be used says why", () => {
  async function check(
    make: (dir: string) => string,
    expected: { code: string; message: string },
  ): Promise<void> {
    using folder = testFolder();
    const home = make(folder.dir);
    const { code, message, next } = await refusal(() => prepareHome(findHome({ home })));
    expect({ code, message }).toEqual({
      code: expected.code,
      message: expected.message.replaceAll("DIR", folder.dir),
    });
    expect(next).not.toBe("");
  }

  test("a file", () =>
    check(
      (dir) => {
        fs.writeFileSync(join(dir, "home"), "");
        return join(dir, "home");
      },
      { code: "home.not_a_folder", message: "DIR/home is not a folder." },
    ));
  test("no parent", () =>
    check((dir) => join(dir, "a/b"), {
      code: "home.missing_parent",
      message: "The home DIR/a/b cannot be made: DIR/a is not a folder.",
    }));
  test("a linked machine folder", () =>
    check(
      (dir) => {
        fs.mkdirSync(join(dir, "home"));
        fs.symlinkSync("/tmp", join(dir, "home/machine"));
        return join(dir, "home");
      },
      {
        code: "home.linked",
        message:
          "DIR/home/machine is a symbolic link; keys and journal must lie in the home itself.",
      },
    ));
  test("a machine folder that is a file", () =>
    check(
      (dir) => {
        fs.mkdirSync(join(dir, "home"));
        fs.writeFileSync(join(dir, "home/machine"), "");
        return join(dir, "home");
      },
      { code: "home.not_a_folder", message: "DIR/home/machine is not a folder." },
    ));
  test("a home anybody may write to", () =>
    check(
      (dir) => {
        fs.mkdirSync(join(dir, "home"));
        fs.chmodSync(join(dir, "home"), 0o777);
        return join(dir, "home");
      },
      { code: "home.not_yours", message: "The home DIR/home may be written to by anybody." },
    ));

  test("a file of it that may not be read", async () => {
    using folder = testFolder(under("home", SMALL));
    const file = join(folder.dir, "home/agents/oracle.md");
    if (AS_ROOT) fs.chownSync(join(folder.dir, "home"), NOBODY, NOBODY);
    fs.chmodSync(folder.dir, 0o755);
    fs.chmodSync(file, 0);
    expect(await child([join(folder.dir, "home"), "load"], AS_ROOT ? NOBODY : undefined)).toBe(
      `home.unreadable: ${file} cannot be read (EACCES).`,
    );
  });

  test("a home of somebody else", async () => {
    if (!AS_ROOT) return console.log("not available: another user (run the tests as root)");
    await check(
      (dir) => {
        fs.mkdirSync(join(dir, "home"));
        fs.chownSync(join(dir, "home"), NOBODY, NOBODY);
        return join(dir, "home");
      },
      { code: "home.not_yours", message: "The home DIR/home belongs to another user." },
    );
  });

  for (const [what, folders] of [
    ["a machine folder", ["home", "home/machine"]],
    ["a home", ["home"]],
  ] as const) {
    test(`${what} that may only be read`, async () => {
      using folder = testFolder();
      for (const path of folders) fs.mkdirSync(join(folder.dir, path), { mode: 0o700 });
      const last = join(folder.dir, folders.at(-1) ?? "");
      // Root may write anywhere, so another user is asked.
      const paths = ["", ...folders].map((path) => join(folder.dir, path));
      if (AS_ROOT) for (const path of paths) fs.chownSync(path, NOBODY, NOBODY);
      fs.chmodSync(last, 0o500);
      const home = join(folder.dir, "home");
      const said = await child([home, "look"], AS_ROOT ? NOBODY : undefined);
      fs.chmodSync(last, 0o700);
      expect(said).toBe(`home.read_only: ${home}/machine cannot be written (EACCES).`);
    });
  }
});

test("a home on a read-only file system", async () => {
  using folder = testFolder({ "home/x": "" });
  const home = join(folder.dir, "home");
  try {
    execFileSync("mount", ["-t", "tmpfs", "tmpfs", home], { stdio: "ignore" });
  } catch {
    return console.log("not available: a file system of its own (run the tests as root)");
  }
  try {
    fs.chmodSync(home, 0o700);
    fs.mkdirSync(join(home, "machine"), { mode: 0o700 });
    execFileSync("mount", ["-o", "remount,ro", home]);
    expect((await refusal(() => prepareHome(findHome({ home })))).message).toBe(
      `${home}/machine cannot be written (EROFS).`,
    );
  } finally {
    execFileSync("umount", [home]);
  }
});

test("the machine folder is made, or made, private", () => {
  using folder = testFolder();
  const paths = findHome({ home: join(folder.dir, "home") });
  prepareHome(paths);
  expect(fs.statSync(paths.machine).mode & 0o777).toBe(0o700);
  fs.chmodSync(paths.machine, 0o755);
  prepareHome(paths);
  expect(fs.statSync(paths.machine).mode & 0o777).toBe(0o700);
});

describe("the nearest project", () => {
  function search(dir: string, from: string): { dir: string | null; notes: readonly string[] } {
    const found = findProject(
      join(dir, from),
      findHome({ userHome: join(dir, "user"), home: join(dir, "user/.nano-os") }),
    );
    return {
      dir: found.dir?.replace(dir, "") ?? null,
      notes: found.notes.map((note) => note.replaceAll(dir, "")),
    };
  }

  test("is found from below and wins over a farther one", () => {
    using folder = testFolder({
      ...under("p/.nano-os", SMALL),
      ...under("p/q/.nano-os", SMALL),
      "p/q/r/s/x": "",
    });
    expect(search(folder.dir, "p")).toEqual({ dir: "/p/.nano-os", notes: [] });
    expect(search(folder.dir, "p/q/r/s")).toEqual({ dir: "/p/q/.nano-os", notes: [] });
    expect(search(folder.dir, "p/q/r/not/there")).toEqual({ dir: "/p/q/.nano-os", notes: [] });
  });

  test("is looked for only so far up", () => {
    const down = "d/".repeat(LIMITS.searchLevels);
    using folder = testFolder({ ...under("p/.nano-os", SMALL), [`p/${down}x`]: "" });
    expect(search(folder.dir, `p/${down}`).dir).toBeNull();
    expect(search(folder.dir, `p/${down.slice(2)}`).dir).toBe("/p/.nano-os");
  });

  test("is never the home, seen straight or through a link", () => {
    using folder = testFolder({ ...under("user/.nano-os", SMALL), "user/a/x": "", "other/x": "" });
    expect(search(folder.dir, "user/a")).toEqual({ dir: null, notes: [] });
    fs.symlinkSync(join(folder.dir, "user/.nano-os"), join(folder.dir, "other/.nano-os"));
    expect(search(folder.dir, "other")).toEqual({ dir: null, notes: [] });
  });

  const PASSED: readonly (readonly [string, (dir: string) => void, string])[] = [
    ["a link", (dir) => fs.symlinkSync("/tmp", join(dir, ".nano-os")), "it is a symbolic link."],
    ["a file", (dir) => fs.writeFileSync(join(dir, ".nano-os"), ""), "it is not a folder."],
    [
      "an empty folder",
      (dir) => fs.mkdirSync(join(dir, ".nano-os")),
      "it has no arrangement.yaml.",
    ],
    [
      "another home",
      (dir) => fs.mkdirSync(join(dir, ".nano-os/machine"), { recursive: true }),
      "it is a home, not a project's folder.",
    ],
    [
      "one that anybody may write to",
      (dir) => {
        fs.mkdirSync(join(dir, ".nano-os"));
        fs.chmodSync(join(dir, ".nano-os"), 0o777);
      },
      "it may be written to by anybody.",
    ],
    [
      "one of another user",
      (dir) => {
        fs.mkdirSync(join(dir, ".nano-os"));
        if (AS_ROOT) fs.chownSync(join(dir, ".nano-os"), NOBODY, NOBODY);
      },
      AS_ROOT ? "it belongs to another user." : "it has no arrangement.yaml.",
    ],
  ];
  for (const [what, make, why] of PASSED) {
    test(`${what} is passed over and said`, () => {
      using folder = testFolder({ ...under("p/.nano-os", SMALL), "p/q/x": "" });
      make(join(folder.dir, "p/q"));
      expect(search(folder.dir, "p/q")).toEqual({
        dir: "/p/.nano-os",
        notes: [`/p/q/.nano-os is not used: ${why}`],
      });
    });
  }
});
