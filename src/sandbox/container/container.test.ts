import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { openSandbox } from "../open.ts";
import type { Box, Boxed, Ended, Sandbox } from "../sandbox.ts";
import { inFolder, LIMITS_OF_TESTS, textOf } from "../testing/ground.ts";
import { CONTAINERS, type Image, makeImage } from "../testing/image.ts";
import { narrowedCalls } from "./filter.ts";
import { judgePodman } from "./podman.ts";

setDefaultTimeout(60_000);

describe("what podman says of its host", () => {
  const rootless = { security: { rootless: true } };
  const cases: readonly (readonly [string, object, string])[] = [
    [
      "v2 with all it takes",
      { cgroupVersion: "v2", cgroupControllers: ["cpu", "memory", "pids"] },
      "ok",
    ],
    [
      "without root and v1",
      { ...rootless, cgroupVersion: "v1", cgroupControllers: [] },
      "Podman without root can bound neither",
    ],
    [
      "without root and half of v2",
      { ...rootless, cgroupVersion: "v2", cgroupControllers: ["memory"] },
      "Podman without root can bound neither",
    ],
    ["nothing", {}, "Podman can bound neither"],
  ];
  for (const [name, host, want] of cases) {
    test(name, () => {
      const given = host as Parameters<typeof judgePodman>[1];
      const found = judgePodman("/usr/bin/podman", given, { none: "{}", client: "{}" });
      expect("code" in found ? found.message : "ok").toStartWith(want);
      if ("code" in found)
        expect([found.code, found.next]).toEqual(["sandbox.no_tier", expect.any(String)]);
    });
  }

  test("where its list of system calls is not found it is not used", () => {
    const host = { cgroupVersion: "v2", cgroupControllers: ["memory", "pids"] };
    expect(judgePodman("/usr/bin/podman", host, null)).toMatchObject({
      code: "sandbox.no_tier",
      next: expect.stringContaining("containers-common"),
    });
  });

  test("of its list of system calls those go that no box of ours allows", () => {
    const list = (...syscalls: object[]): string => JSON.stringify({ syscalls });
    const allowed = { action: "SCMP_ACT_ALLOW", names: ["read", "socket", "clone"] };
    const denied = { action: "SCMP_ACT_ERRNO", names: ["socket"] };
    const only = { action: "SCMP_ACT_ALLOW", names: ["keyctl"] };
    const multiplexed = { action: "SCMP_ACT_ALLOW", names: ["socketcall", "ipc", "write"] };
    const text = list(allowed, denied, only, multiplexed);
    const kept = [
      { ...allowed, names: ["read"] },
      denied,
      { ...multiplexed, names: ["write"] },
      { names: ["clone"], args: [{ index: 0 }] },
    ];
    expect(JSON.parse(narrowedCalls(text, "none") ?? "")).toMatchObject({ syscalls: kept });
    const stream = { index: 1, value: 15, valueTwo: 1, op: "SCMP_CMP_MASKED_EQ" };
    const family = (value: number): object => ({
      names: ["socket"],
      args: [{ index: 0, value, op: "SCMP_CMP_EQ" }, stream],
    });
    expect(JSON.parse(narrowedCalls(text, "client") ?? "")).toMatchObject({
      syscalls: [...kept, family(2), family(10)],
    });
    const both = list({ action: "SCMP_ACT_ALLOW", names: ["connect", "bind", "listen"] });
    expect(narrowedCalls(both, "none")).not.toMatch(/connect|bind|listen/u);
    expect(narrowedCalls(both, "client")).toContain('["connect"]');
    for (const odd of ["", "{}", "[]", "null"]) expect(narrowedCalls(odd, "none")).toBeNull();
  });

  test("without it nothing is started, and the next thing to do is said", async () => {
    const sandbox = openSandbox({ clock: systemClock, forbid: ["container"] });
    expect(sandbox.tier("container", false)).toBeNull();
    expect(await start(sandbox, "x", ["true"])).toMatchObject({
      code: "sandbox.no_tier",
      next: expect.stringContaining("podman"),
    });
    await sandbox.close();
  });
});

interface More {
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly limits?: Partial<Box["limits"]>;
  readonly stage?: string;
  readonly net?: Box["net"];
}

function start(
  sandbox: Sandbox,
  image: string,
  argv: readonly string[],
  more: More = {},
): ReturnType<Sandbox["start"]> {
  const {
    reads = [],
    writes = [],
    env = {},
    limits = {},
    stage = null,
    net = { kind: "none" },
  } = more;
  const box = { reads, writes, net, exec: [], env, limits: { ...LIMITS_OF_TESTS, ...limits } };
  return sandbox.start({ run: { kind: "container", image, argv }, cwd: "/", stage, box });
}

if (CONTAINERS) {
  describe("a container", () => {
    const sandbox = openSandbox({ clock: systemClock });
    let image: Image;
    beforeAll(() => {
      image = makeImage();
    });
    afterAll(async () => {
      await sandbox.close();
      image.remove();
    });

    const left = (): string =>
      image.podman("ps", "--all", "--quiet", "--filter", `name=nanos-${process.pid}-`);
    async function run(
      script: string,
      more: More = {},
    ): Promise<{ out: string; error: string; ended: Ended; boxed: Boxed }> {
      const boxed = await start(sandbox, image.name, ["/bin/sh", "-c", script], more);
      if ("code" in boxed) throw new Error(boxed.message);
      boxed.endInput();
      const [out, ended] = await Promise.all([textOf(boxed), boxed.ended]);
      return { out, error: boxed.stderr(), ended, boxed };
    }

    test("runs, and has nothing of the machine", async () => {
      const { out, ended, boxed } = await run(
        `id -u; ls /; cat /proc/self/status | while read a b; do case $a in CapEff:|NoNewPrivs:|Seccomp:) echo $a $b;; esac; done
         ls /sys/class/net; env; echo x > /bin/x || echo read-only; cat /etc/shadow || echo none`,
      );
      expect(ended).toEqual({ kind: "exited", code: 0 });
      expect([boxed.tier, boxed.held.net]).toEqual(["container", "none"]);
      expect(out).toContain("CapEff: 0000000000000000");
      expect(out).toContain("NoNewPrivs: 1");
      expect(out).toContain("Seccomp: 2");
      expect(out).toMatch(/^lo$/mu);
      expect(out).toContain("read-only");
      expect(out).toContain("none");
      expect(out).not.toMatch(/^(?:home|root|eth0)$/mu);
      expect(left()).toBe("");
    });

    test("sees nothing of what is hidden in what it reads", () =>
      inFolder(async (folder) => {
        chmodSync(folder, 0o755);
        const hidden = join(folder, "memory");
        mkdirSync(hidden);
        writeFileSync(join(folder, "a.md"), "open\n");
        writeFileSync(join(hidden, "b.md"), "hidden\n");
        const walled = openSandbox({ clock: systemClock, hidden: [hidden] });
        const script = `cat ${folder}/a.md ${hidden}/b.md; ls -a ${hidden}/b.md`;
        const argv = ["/bin/sh", "-c", script];
        const boxed = await start(walled, image.name, argv, { reads: [folder, hidden] });
        if ("code" in boxed) throw new Error(boxed.message);
        boxed.endInput();
        expect(await textOf(boxed)).toBe("open\n");
        await walled.close();
      }));

    test("sees variables by name, its paths at their places, and writes to its stage", () =>
      inFolder(async (folder) => {
        chmodSync(folder, 0o755);
        const [notes, other] = [join(folder, "notes"), join(folder, "other")];
        for (const one of [notes, other]) mkdirSync(one);
        writeFileSync(join(notes, "a.md"), "text\n");
        writeFileSync(join(other, "b.md"), "secret\n");
        const { out, error, ended, boxed } = await run(
          `echo "$SHOWN"; cat ${notes}/a.md; cat ${other}/b.md; echo new > ${notes}/new.md; echo no > ${notes}/a.md`,
          {
            reads: [notes],
            writes: [notes],
            env: { SHOWN: "two words" },
            stage: join(folder, "stage"),
          },
        );
        expect({ out, ended }).toEqual({
          out: "two words\ntext\n",
          ended: { kind: "exited", code: 0 },
        });
        expect(error).toContain("No such file");
        expect(existsSync(join(notes, "new.md"))).toBe(false);
        expect(await boxed.changes()).toMatchObject([
          { path: join(notes, "a.md"), kind: "modified" },
          { path: join(notes, "new.md"), kind: "created" },
        ]);
        expect(await boxed.commit(join(folder, "undo"))).toBeNull();
        expect(readFileSync(join(notes, "new.md"), "utf8")).toBe("new\n");
        await boxed.discard();
        const only = await run(`echo x > ${notes}/a.md || echo refused`, { reads: [notes] });
        expect(only.out).toBe("refused\n");
      }));

    const bombs: readonly (readonly [string, string, More, object])[] = [
      [
        "memory",
        "head -c 400000000 /dev/zero | tail",
        { limits: { memoryBytes: 64 * 1024 ** 2 } },
        { kind: "stopped", by: "memory" },
      ],
      ["wall time", "sleep 60", { limits: { ms: 1_000 } }, { kind: "stopped", by: "time" }],
      [
        "CPU time",
        "while :; do :; done",
        { limits: { cpuSeconds: 1 } },
        { kind: "stopped", by: "time" },
      ],
      ["output", "yes", { limits: { outputBytes: 100_000 } }, { kind: "stopped", by: "output" }],
      [
        "processes",
        "i=0; while [ $i -lt 40 ]; do sleep 20 & i=$((i+1)); done; exit 0",
        { limits: { processes: 16 } },
        { kind: "exited", code: 2 },
      ],
      [
        "a file",
        "yes > /tmp/big",
        { limits: { stageBytes: 1_000_000 } },
        { kind: "stopped", by: "stage" },
      ],
    ];
    for (const [what, script, more, want] of bombs) {
      test(`is bounded in ${what}, and nothing of it is left`, async () => {
        const { ended } = await run(script, more);
        expect(ended).toMatchObject(want);
        expect(left()).toBe("");
      });
    }

    test("is ended with what it started when it is stopped", async () => {
      const boxed = await start(sandbox, image.name, [
        "/bin/sh",
        "-c",
        "sleep 60 & echo up; sleep 60",
      ]);
      if ("code" in boxed) throw new Error(boxed.message);
      for await (const _ of boxed.stdout) break;
      expect(left()).not.toBe("");
      expect(await boxed.stop()).toEqual({ kind: "stopped", by: "cancelled" });
      expect(left()).toBe("");
    });

    test("is ended when nanos is killed", async () => {
      const script = join(import.meta.dir, "..", "testing", "contained.ts");
      const child = Bun.spawn([process.execPath, script, image.name], {
        stdio: ["ignore", "pipe", "inherit"],
        env: { ...process.env },
      });
      for await (const _ of child.stdout) break;
      const mine = (): string =>
        image.podman("ps", "--all", "--quiet", "--filter", `name=nanos-${child.pid}-`);
      expect(mine()).not.toBe("");
      child.kill("SIGKILL");
      await child.exited;
      for (let i = 0; i < 100 && mine() !== ""; i++) await Bun.sleep(100);
      expect(mine()).toBe("");
    });

    const refused: readonly (readonly [string, string, More, string])[] = [
      ["a variable of several lines", "id", { env: { A: "x\ny" } }, "sandbox.start_failed"],
    ];
    for (const [what, script, more, code] of refused) {
      test(`is not started with ${what}`, async () => {
        expect(await start(sandbox, image.name, [script], more)).toMatchObject({ code });
      });
    }

    test("with a network is not started where bubblewrap cannot lend it one", async () => {
      const without = openSandbox({ clock: systemClock, forbid: ["bwrap"] });
      const net = { kind: "proxy", socket: "/run/x" } as const;
      expect(without.tier("container", true)).toBeNull();
      expect(await start(without, image.name, ["id"], { net })).toMatchObject({
        code: "sandbox.no_tier",
        next: expect.stringContaining("bubblewrap"),
      });
      await without.close();
    });

    test("a path podman cannot be given is refused by name", () =>
      inFolder(async (folder) => {
        const odd = join(folder, "a,dst=x");
        mkdirSync(odd);
        expect(await start(sandbox, image.name, ["id"], { reads: [odd] })).toMatchObject({
          code: "sandbox.bad_path",
        });
      }));

    test("an image that is not there is not fetched", async () => {
      const boxed = await start(sandbox, "localhost/nanos-none:1", ["id"]);
      if ("code" in boxed) throw new Error(boxed.message);
      expect(await boxed.ended).toEqual({ kind: "exited", code: 125 });
      expect(boxed.stderr()).toContain("nanos-none");
    });
  });
}
