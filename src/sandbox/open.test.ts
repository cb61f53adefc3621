import { afterAll, describe, expect, test } from "bun:test";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { systemClock } from "../std/clock.ts";
import { openSandbox } from "./open.ts";
import type { Ended } from "./sandbox.ts";
import type { Want } from "./testing/ground.ts";
import { forced, inFolder, makeNotes, run, specOf, start } from "./testing/ground.ts";
import { TIERS } from "./testing/tiers.ts";

const SHELL = ["/bin/sh", "/bin/sleep", "/bin/cat", "/usr/bin/setsid", "/usr/bin/touch"];

function shell(script: string, want: Want = {}): Want {
  return { ...want, program: ["/bin/sh", "-c", script], exec: SHELL };
}

for (const tier of TIERS) {
  const sandbox = forced(tier);
  afterAll(() => sandbox.close());

  describe(`${tier}: how it ends`, () => {
    const stopped = (by: Extract<Ended, { kind: "stopped" }>["by"]): Ended => ({
      kind: "stopped",
      by,
    });
    const cases: [string, Want, Ended][] = [
      ["by itself", { program: ["/bin/true"] }, { kind: "exited", code: 0 }],
      ["with a code", shell("exit 7"), { kind: "exited", code: 7 }],
      ["by a signal", shell("kill -TERM $$; sleep 5"), { kind: "signalled", signal: "SIGTERM" }],
      ["dying", { attack: ["die"] }, { kind: "signalled", signal: "SIGSEGV" }],
      ["hanging, deaf to signals", { attack: ["hang"], limits: { ms: 500 } }, stopped("time")],
      ["a program that hangs", shell("sleep 50", { limits: { ms: 300 } }), stopped("time")],
      [
        "burning time",
        shell("while :; do :; done", { limits: { cpuSeconds: 1 } }),
        stopped("time"),
      ],
      ["flooding", { attack: ["flood"] }, stopped("output")],
      [
        "flooding standard error",
        shell("while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx >&2; done"),
        stopped("output"),
      ],
      [
        "taking memory",
        { attack: ["memory"], limits: { memoryBytes: 200 * 1024 ** 2 } },
        stopped("memory"),
      ],
      [
        "many processes",
        shell("i=0; while [ $i -lt 30 ]; do sleep 9 & i=$((i+1)); done; wait", {
          limits: { processes: 12 },
        }),
        stopped("processes"),
      ],
    ];
    for (const [name, want, ended] of cases) {
      test(name, async () => expect((await run(sandbox, want)).ended).toEqual(ended), 30_000);
    }
  });

  test(`${tier}: stopping it is an end of its own`, async () => {
    const boxed = await start(sandbox, shell("sleep 50"));
    expect(await boxed.stop()).toEqual({ kind: "stopped", by: "cancelled" });
    expect(await boxed.ended).toEqual({ kind: "stopped", by: "cancelled" });
  });

  test(`${tier}: what it started is gone when it has ended`, async () => {
    const nap = tier === "bwrap" ? "86301.25" : "86302.25";
    const script = `(setsid sleep ${nap} & sleep ${nap} & ) ; sleep 0.2`;
    const { ended } = await run(sandbox, shell(script));
    expect(ended).toEqual({ kind: "exited", code: 0 });
    expect(processesWith(nap)).toEqual([]);
  });

  test(`${tier}: streams carry bytes both ways, and the tail of errors is kept`, async () => {
    const done = await run(sandbox, shell("cat; echo oops >&2", { input: "in and out\n" }));
    expect(done.out).toBe("in and out\n");
    expect(done.error).toBe("oops\n");
  });

  test(`${tier}: it has its own environment and nothing of ours`, async () => {
    const { out } = await run(sandbox, {
      program: ["/usr/bin/env"],
      exec: ["/usr/bin/env"],
      env: { LD_PRELOAD: "", BUN_OPTIONS: "--preload ./x.ts", NAME: "value" },
    });
    const names = out.split("\n").map((line) => line.split("=")[0]);
    expect(names.toSorted()).toEqual(["", "BUN_OPTIONS", "LD_PRELOAD", "NAME", "PATH"]);
  });

  test(`${tier}: limits the kernel keeps are in force`, async () => {
    const { out } = await run(sandbox, {
      program: ["/bin/sh", "-c", "ulimit -n; ulimit -c; ulimit -t; ulimit -f; ulimit -v"],
      limits: { cpuSeconds: 9, stageBytes: 1024 ** 2 },
    });
    expect(out.split("\n").slice(0, 5)).toEqual(["512", "0", "9", "2048", "3145728"]);
  });

  test(`${tier}: a program that may start none starts none`, async () => {
    const { out, error } = await run(sandbox, { program: ["/bin/sh", "-c", "echo a; /bin/true"] });
    expect(out).toBe("a\n");
    expect(error).toMatch(/fork/u);
  });

  test(`${tier}: a program that may start some starts those`, () =>
    inFolder(async (folder) => {
      const program = ["/bin/sh", "-c", "/bin/cat given; /usr/bin/touch made; echo $?"];
      writeFileSync(join(folder, "given"), "given\n");
      const want: Want = { program, exec: ["/bin/cat"], reads: [folder], cwd: folder };
      const { out, error } = await run(sandbox, want);
      expect(out).toMatch(/^given\n12[67]\n$/u);
      expect(error).toMatch(/denied/u);
    }));

  test(`${tier}: a tool host that may start programs starts those`, () =>
    inFolder(async (folder) => {
      mkdirSync(join(folder, "root"));
      const want = { attack: ["spawn", "/bin/true"], writes: [join(folder, "root")] };
      const exec = [...SHELL, "/bin/true"];
      const may = await run(sandbox, { ...want, exec, stage: join(folder, "one") });
      expect(may.out).toMatch(/Bun\.spawnSync: started/u);
      const none = await run(sandbox, { ...want, stage: join(folder, "two") });
      expect(none.out).not.toMatch(/started/u);
    }));

  test(`${tier}: a file it makes may be made executable, one of ours may not`, () =>
    inFolder(async (folder) => {
      const root = join(folder, "root");
      mkdirSync(root);
      writeFileSync(join(folder, "given"), "given", { mode: 0o666 });
      const { error, boxed } = await run(sandbox, {
        ...shell("echo x > new; chmod 755 new; chmod 777 ../given"),
        exec: [...SHELL, "/bin/chmod"],
        reads: [folder],
        writes: [root],
        cwd: root,
        stage: `${folder}-stage`,
      });
      const changes = await boxed.changes();
      await boxed.discard();
      const own = tier === "bwrap" || process.getuid?.() === 0;
      expect(changes).toMatchObject([{ kind: "created", mode: own ? 0o755 : 0o644 }]);
      expect(error).toMatch(/given/u);
      expect(statSync(join(folder, "given")).mode & 0o777).toBe(0o666 & ~umask());
    }));

  test(`${tier}: descriptors of ours do not get in`, () =>
    inFolder(async (folder) => {
      writeFileSync(join(folder, "leak"), "leaked");
      const script = join(import.meta.dir, "testing", "leaky.ts");
      const done = Bun.spawnSync(
        ["/bin/sh", "-c", `exec 9<leak; exec "$0" "$1" "$2"`, process.execPath, script, tier],
        { cwd: folder, env: {} },
      );
      expect(done.stdout.toString() + done.stderr.toString()).toBe("0 1 2");
    }));

  test(`${tier}: renewing gives a warm process its time and output anew`, async () => {
    const block = "x".repeat(1_000);
    const want = shell(`while read line; do echo ${block}; done`, {
      limits: { ms: 1_500, outputBytes: 1_500 },
    });
    const boxed = await start(sandbox, want);
    const reader = boxed.stdout[Symbol.asyncIterator]();
    for (let i = 0; i < 4; i++) {
      boxed.renew(i % 2 === 0 ? 1_500 : null);
      await boxed.write("go\n");
      expect((await reader.next()).value?.length).toBe(1_001);
    }
    boxed.endInput();
    expect(await boxed.ended).toEqual({ kind: "exited", code: 0 });
  });

  test(`${tier}: a link in a granted folder leads nowhere`, () =>
    inFolder(async (folder) => {
      const granted = join(folder, "granted");
      mkdirSync(granted);
      writeFileSync(join(folder, "secret"), "canary");
      symlinkSync("../secret", join(granted, "link"));
      symlinkSync(folder, join(granted, "up"));
      for (const path of ["link", "up/secret", "../secret"]) {
        const { out } = await run(sandbox, {
          attack: ["read", join(granted, path)],
          reads: [granted],
        });
        expect(out).not.toContain("canary");
        expect(out).toContain("refused");
      }
    }));

  test(`${tier}: a granted root that is a link is the folder it led to at the start`, () =>
    inFolder(async (folder) => {
      mkdirSync(join(folder, "real"));
      writeFileSync(join(folder, "real", "file"), "wanted");
      symlinkSync("real", join(folder, "alias"));
      const { out } = await run(sandbox, {
        attack: ["read", join(folder, "real", "file")],
        reads: [join(folder, "alias")],
      });
      expect(out).toContain("wanted");
    }));

  test(`${tier}: what it may read it finds, also where only we may look`, () =>
    inFolder(async (folder) => {
      const closed = join(folder, "closed");
      mkdirSync(closed, { mode: 0o700 });
      writeFileSync(join(closed, "file"), "found", { mode: 0o600 });
      const { out } = await run(sandbox, {
        attack: ["read", join(closed, "file")],
        reads: [closed],
      });
      expect(out).toContain("existsSync: true");
      expect(out).toContain("readFile: found");
    }));

  test(`${tier}: git works in a repository it is given`, () =>
    inFolder(async (folder) => {
      if (!existsSync("/usr/bin/git")) return console.log("not available: git (apt install git)");
      const repository = join(folder, "repository");
      Bun.spawnSync(["/usr/bin/git", "init", "-q", repository]);
      const name = ["-c", "user.name=a", "-c", "user.email=a@b"];
      const commit = (stage: string): Want => ({
        program: ["/usr/bin/git", ...name, "commit", "-q", "--allow-empty", "-m", "one"],
        exec: ["/usr/bin/git"],
        env: { HOME: "/nowhere" },
        writes: [repository],
        cwd: repository,
        stage,
      });
      const { ended, error, boxed } = await run(sandbox, commit(join(folder, "stage")));
      expect([ended, error]).toEqual([{ kind: "exited", code: 0 }, ""]);
      expect(await boxed.changes()).not.toHaveProperty("code");
      expect(await boxed.commit(join(folder, "undo"))).toBeNull();
      const log = await run(sandbox, {
        program: ["/usr/bin/git", "log", "--format=%s"],
        exec: ["/usr/bin/git"],
        env: { HOME: "/nowhere" },
        reads: [repository],
        cwd: repository,
      });
      expect([log.out, log.error]).toEqual(["one\n", ""]);
    }));

  test(`${tier}: writes land in the stage, at paths the mapping tells`, () =>
    inFolder(async (folder) => {
      const workspace = makeNotes(folder);
      writeFileSync(join(workspace, "notes", "a.md"), "a");
      writeFileSync(join(workspace, "readme"), "read me");
      const stage = join(folder, "stage");
      const script = "cat readme; echo more >> notes/a.md; echo new > notes/b.md; rm -f readme";
      const { out, boxed } = await run(sandbox, {
        ...shell(script),
        exec: [...SHELL, "/bin/rm"],
        reads: [workspace],
        writes: [join(workspace, "notes")],
        cwd: workspace,
        stage,
      });
      expect(out).toBe("read me");
      expect(boxed.cwd).toBe(join(stage, "root", workspace));
      expect(boxed.mapping).toEqual(
        [join(workspace, "notes"), workspace].map((real) => ({
          real,
          staged: join(stage, "root", real),
        })),
      );
      const changes = await boxed.changes();
      expect("code" in changes ? changes : changes.map(({ path, kind }) => [path, kind])).toEqual([
        [join(workspace, "notes", "a.md"), "modified"],
        [join(workspace, "notes", "b.md"), "created"],
      ]);
      expect(readdirSync(workspace)).toEqual(["notes", "readme"]);
      expect(readFileSync(join(workspace, "notes", "a.md"), "utf8")).toBe("a");
      expect(await boxed.commit(join(folder, "undo"))).toBeNull();
      expect(readFileSync(join(workspace, "notes", "a.md"), "utf8")).toBe("amore\n");
      await boxed.discard();
      expect(readdirSync(folder).toSorted()).toEqual(["total", "undo", "workspace"]);
    }));

  test(`${tier}: filling the stage ends it`, () =>
    inFolder(async (folder) => {
      const workspace = makeNotes(folder);
      const stage = join(folder, "stage");
      const { ended, boxed } = await run(sandbox, {
        attack: ["fill", join(stage, "root", workspace)],
        writes: [workspace],
        stage,
      });
      expect(ended).toEqual({ kind: "stopped", by: "stage" });
      expect(await boxed.changes()).toMatchObject({ code: "sandbox.stage_too_large" });
    }));

  test(`${tier}: killing nanos leaves nothing behind`, async () => {
    const nap = tier === "bwrap" ? "86303.25" : "86304.25";
    const script = join(import.meta.dir, "testing", "sleeper.ts");
    const child = Bun.spawn([process.execPath, script, tier, nap], {
      stdio: ["ignore", "pipe", "inherit"],
      env: {},
    });
    for await (const _ of child.stdout) break;
    await until(() => processesWith(nap).length >= 2);
    child.kill("SIGKILL");
    await child.exited;
    await until(() => processesWith(nap).length === 0);
    expect(processesWith(nap)).toEqual([]);
  }, 20_000);

  describe(`${tier}: what is refused`, () => {
    const proxy = { kind: "proxy", socket: "/run/proxy" } as const;
    const cases: [string, Want, string][] = [
      ["a network of its own", { attack: ["tcp"], net: proxy }, "sandbox.no_tier"],
      ["a program that is not there", { program: ["/no/such"] }, "sandbox.no_program"],
      [
        "a working folder that is not there",
        { attack: ["x"], cwd: "/no/such" },
        "sandbox.bad_path",
      ],
    ];
    for (const [name, want, code] of cases) {
      test(name, async () => expect(await sandbox.start(specOf(want))).toMatchObject({ code }));
    }

    test("a stage inside a root it copies", () =>
      inFolder(async (folder) => {
        const want: Want = { attack: ["x"], writes: [folder], stage: join(folder, "stage") };
        expect(await sandbox.start(specOf(want))).toMatchObject({ code: "sandbox.bad_path" });
      }));

    test("a stage that cannot be made", () =>
      inFolder(async (folder) => {
        writeFileSync(join(folder, "file"), "");
        const stage = join(folder, "file", "stage");
        const want: Want = { attack: ["x"], writes: [join(folder, "root")], stage };
        expect(await sandbox.start(specOf(want))).toMatchObject({ code: "sandbox.start_failed" });
      }));

    test("a root too large for a stage", () =>
      inFolder(async (folder) => {
        writeFileSync(join(folder, "large"), new Uint8Array(2 * 1024 ** 2));
        const want: Want = {
          attack: ["x"],
          writes: [folder],
          stage: `${folder}-stage`,
          limits: { stageBytes: 1024 ** 2 },
        };
        const failure = await sandbox.start(specOf(want));
        expect(existsSync(`${folder}-stage`)).toBe(false);
        expect(failure).toMatchObject({ code: "sandbox.stage_too_large" });
      }));
  });
}

test("without a tier nothing is started, and the failure says what to install", async () => {
  const none = openSandbox({ clock: systemClock, forbid: ["bwrap", "landlock"] });
  expect(none.tier("host", false)).toBeNull();
  const failure = await none.start(specOf({ program: ["/bin/true"] }));
  expect(failure).toMatchObject({ code: "sandbox.no_tier" });
  expect("next" in failure && failure.next).toMatch(/bubblewrap/u);
  await none.close();
});

test("closing ends what still runs", async () => {
  for (const tier of TIERS) {
    const sandbox = forced(tier);
    const boxed = await start(sandbox, shell("sleep 50"));
    await sandbox.close();
    expect(await boxed.ended).toEqual({ kind: "stopped", by: "cancelled" });
  }
});

function processesWith(argument: string): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/u.test(name)) return [];
    try {
      const [file = "", ...args] = readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0");
      return file.endsWith("sleep") && args.includes(argument) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

function umask(): number {
  return process.umask();
}

async function until(holds: () => boolean): Promise<void> {
  for (let i = 0; i < 500 && !holds(); i++) await systemClock.sleep(20);
}
