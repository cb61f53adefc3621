import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { openSandbox } from "../src/sandbox/open.ts";
import { systemClock } from "../src/std/clock.ts";
import {
  asSomebody,
  give,
  hasBwrap,
  isReadable,
  isRoot,
  withoutAnyTier,
  withoutBwrap,
} from "./support/machines.ts";
import { command, type Person, person, type Result } from "./support/nanos.ts";

interface Cell {
  readonly name: string;
  /** What starts the command, or null where this machine cannot be made into that one. */
  readonly under: readonly string[] | null;
  readonly somebody: boolean;
  readonly bwrap: boolean;
  /** Whether every attack is made there; `escape.test.ts` makes them in all four. */
  readonly probed?: true;
}

const NEEDS = "(run as root, with setpriv and unshare, in a checkout everybody may read)";

/** The first minute, on a machine of a kind: it works, in the isolation that was announced. */
async function check(cell: Cell): Promise<void> {
  const { under, name } = cell;
  if (under === null || (cell.somebody && !isReadable(command().at(-1) ?? ""))) {
    console.log(`not available: nanos as ${name} ${NEEDS}`);
    return;
  }
  using me = person();
  if (cell.somebody) give(me.userHome);
  const nanos = (...args: readonly string[]): Promise<Result> => me.run(args, { under });
  const first = await nanos("run", "tidy today's notes", "--yes");
  expect({ cell: name, code: first.code, err: first.err }).toMatchObject({ cell: name, code: 0 });
  const notes = readdirSync(join(me.userHome, "notes"));
  const today = notes.find((file) => /^\d{4}-\d{2}-\d{2}\.md$/u.test(file)) ?? "";
  expect(readFileSync(join(me.userHome, "notes", today), "utf8")).not.toMatch(/[ \t]+$/mu);
  // What it wrote belongs to who ran it, like everything else in the home.
  const owner = statSync(me.userHome).uid;
  expect(statSync(join(me.userHome, "notes", today)).uid).toBe(owner);

  const announced = await tierOf(nanos);
  if (cell.bwrap && isRoot() && !cell.somebody) expect(announced).toBe("bwrap");
  if (!cell.bwrap) expect(announced).toBe("landlock");
  expect(await recorded(nanos)).toEqual([announced]);
  expect((await nanos("trace", "verify")).code).toBe(0);
  expect((await nanos("doctor")).code).toBe(0);
  if (!cell.probed) return;
  const probed = await nanos("doctor", "--sandbox");
  expect({ cell: name, code: probed.code, out: probed.out }).toMatchObject({ code: 0 });
}

/** What `doctor` says holds processes here. */
async function tierOf(nanos: (...args: readonly string[]) => Promise<Result>): Promise<string> {
  const checks = JSON.parse((await nanos("doctor", "--json")).out) as {
    name: string;
    says: string;
  }[];
  const says = checks.find((check) => check.name === "sandbox")?.says ?? "";
  return /^(?:bwrap|landlock)\b/u.exec(says)?.[0] ?? says;
}

/** The isolation the trace of the newest run records for its tools. */
async function recorded(
  nanos: (...args: readonly string[]) => Promise<Result>,
): Promise<readonly (string | null)[]> {
  const trace = JSON.parse((await nanos("trace", "show", "--json")).out) as {
    steps: { kind: string; isolation: string | null }[];
  };
  return trace.steps.filter(({ kind }) => kind === "tool").map(({ isolation }) => isolation);
}

describe("the first minute, on four machines", () => {
  const hidden = isRoot() ? withoutBwrap() : null;
  const somebody = isRoot() ? asSomebody() : null;
  const me = isRoot() ? "root" : "this user";
  const cells: readonly Cell[] = [
    { name: `${me}, with bubblewrap`, under: hasBwrap() ? [] : null, somebody: false, bwrap: true },
    { name: "root, without bubblewrap", under: hidden, somebody: false, bwrap: false },
    {
      name: "somebody, with bubblewrap",
      under: hasBwrap() ? somebody : null,
      somebody: true,
      bwrap: true,
    },
    {
      name: "somebody, without bubblewrap",
      under: hidden && somebody && [...hidden, ...somebody],
      somebody: true,
      bwrap: false,
      probed: true,
    },
  ];
  for (const cell of cells) test(cell.name, () => check(cell), 180_000);
});

describe("a machine that can hold nothing", () => {
  /** The same machine, for as long as it is used. */
  async function onOne(
    use: (me: Person, under: readonly string[]) => Promise<void>,
  ): Promise<void> {
    const machine = isRoot() ? withoutAnyTier() : null;
    if (machine === null) {
      console.log("not available: a machine without any sandbox (run as root, with bubblewrap)");
      return;
    }
    using me = person();
    try {
      await use(me, machine.argv);
    } finally {
      machine.drop();
    }
  }

  const untouched = (me: Person): void =>
    expect(readdirSync(join(me.userHome, "notes")).toSorted()).toEqual([
      "dashboard.md",
      "inbox.md",
    ]);

  test(
    "says what to install, and runs no tool",
    () =>
      onOne(async (me, under) => {
        const result = await me.run(["run", "tidy today's notes", "--yes"], { under });
        expect([1, 4]).toContain(result.code ?? -1);
        untouched(me);
        const doctor = await me.run(["doctor"], { under });
        expect(doctor.code).toBe(1);
        expect(doctor.out).toMatch(/install bubblewrap/iu);
        // What needs no process still works.
        expect((await me.run(["trace", "verify"], { under })).code).toBe(0);
        expect(`${result.out}${result.err}`).toMatch(/install bubblewrap: \S+ .*bubblewrap/iu);
      }),
    60_000,
  );

  test(
    "runs what only computes, and says in what",
    () =>
      onOne(async (me, under) => {
        await me.nanos("init", "--from", "toy");
        const sum = await me.run(["run", "calculate 2 + 2"], { under });
        expect([sum.code, sum.out.split("\n")[0]]).toEqual([0, "4"]);
        expect(await recorded((...args) => me.nanos(...args))).toEqual(["wasm"]);
      }),
    60_000,
  );

  test(
    "denies a tool that was known before, and names the reason",
    () =>
      onOne(async (me, under) => {
        await me.nanos("init", "--from", "indie-developer");
        await me.nanos("tool", "list");
        const result = await me.run(["run", "tidy today's notes"], { under });
        expect(`${result.out}${result.err}`).toMatch(/install bubblewrap: \S+ .*bubblewrap/iu);
        untouched(me);
        const shown = JSON.parse((await me.nanos("trace", "show", "--json")).out) as {
          steps: { kind: string; decision: { reason: string } | null; isolation: string | null }[];
        };
        const tool = shown.steps.find(({ kind }) => kind === "tool");
        expect(tool).toMatchObject({ decision: { reason: "deny:no_isolation" }, isolation: null });
        expect(result.code).toBe(4);
      }),
    60_000,
  );

  test("refuses to start a process, whatever it is", async () => {
    const sandbox = openSandbox({ clock: systemClock, forbid: ["bwrap", "landlock"] });
    try {
      expect(sandbox.tier("host", false)).toBeNull();
      const limits = {
        ms: 1_000,
        memoryBytes: 1e8,
        processes: 1,
        cpuSeconds: 1,
        outputBytes: 1e4,
        stageBytes: 1e4,
      };
      const box = {
        reads: [],
        writes: [],
        net: { kind: "none" } as const,
        exec: [],
        env: {},
        limits,
      };
      const run = { kind: "program", argv: ["/bin/true"] } as const;
      const started = await sandbox.start({ run, cwd: "/", box, stage: null });
      expect(started).toMatchObject({ code: "sandbox.no_tier" });
      expect("next" in started ? started.next : "").toMatch(/^Install bubblewrap: /u);
    } finally {
      await sandbox.close();
    }
  });
});
