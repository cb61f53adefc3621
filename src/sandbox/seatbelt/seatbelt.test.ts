import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../std/clock.ts";
import { LIMITS } from "../../std/limits.ts";
import { openSandbox } from "../open.ts";
import { memberAt, memberByPs } from "../process/watch.ts";
import { runBriefly } from "../process/child.ts";
import { runtimeArgv, runtimeFile, runtimeReads } from "../runtime.ts";
import { forced, inFolder, run, specOf, type Want } from "../testing/ground.ts";
import { readProfile } from "../testing/sbpl.ts";
import { TIERS } from "../testing/tiers.ts";
import { findSeatbelt, noTier, strongestTier } from "../tiers.ts";
import { profileOf, type Reach } from "./profile.ts";

setDefaultTimeout(30_000);

/**
 * We have no Mac. What its system makes of a profile is not shown here; what a profile says is, and
 * everything around it runs: a program of ours stands where Apple's does, which keeps the profile it
 * was given and executes the rest.
 */
const tools = realpathSync(mkdtempSync(join(tmpdir(), "nanos-seatbelt-")));
afterAll(() => rmSync(tools, { recursive: true, force: true }));
const wrapper = join(tools, "sandbox-exec");
const kept = join(tools, "profile");
writeFileSync(wrapper, `#!/bin/sh\nprintf %s "$2" > ${kept}\nshift 2\nexec "$@"\n`);
chmodSync(wrapper, 0o755);

const mac = openSandbox({
  clock: systemClock,
  machine: { bwrap: null, abi: 0, wasm: false, seatbelt: wrapper },
});
afterAll(() => mac.close());

const said = (): ReturnType<typeof readProfile> => readProfile(readFileSync(kept, "utf8"));

describe("what a profile says", () => {
  const reach: Reach = {
    reads: ["/Users/me/notes", '/Users/me/odd "\\) name', "/Users/me/all"],
    writes: ["/Users/me/.nanos/stage/1/root/Users/me/out"],
    hidden: ["/Users/me/all/.nano-os/memory"],
    execs: ["/usr/bin/git"],
    port: 4321,
  };
  const profile = readProfile(profileOf(reach));
  const shut = readProfile(profileOf({ ...reach, port: null, execs: [], writes: [] }));
  const cases: readonly (readonly [string, string, boolean])[] = [
    ["file-read-data", "/Users/me/notes/a.md", true],
    ["file-read-data", '/Users/me/odd "\\) name/a.md', true],
    ["file-read-data", "/Users/me/notes-and-more", false],
    ["file-read-data", "/Users/me/.ssh/id_ed25519", false],
    ["file-read-data", "/Users/me", false],
    ["file-read-metadata", "/Users/me", true],
    ["file-read-metadata", "/Users/me/.ssh", false],
    ["file-read-data", "/private/etc/passwd", false],
    ["file-read-data", "/", true],
    ["file-read-data", "/usr/lib/dyld", true],
    ["file-read-data", "/usr/bin/git", true],
    ["file-read-data", "/usr/bin/osascript", false],
    ["file-read-data", "/Users/me/all/a.md", true],
    ["file-read-data", "/Users/me/all/.nano-os/memory/a.md", false],
    ["file-read-data", "/Users/me/Library/Keychains/login.keychain-db", false],
    ["file-write-data", "/Users/me/notes/a.md", false],
    ["file-write-create", "/Users/me/out/a.md", false],
    ["file-write-create", "/Users/me/.nanos/stage/1/root/Users/me/out/a.md", true],
    ["file-write-create", "/Users/me/.nanos/stage/1/root/Users/me/other.md", false],
    ["file-write-data", "/dev/null", true],
    ["file-write-create", "/private/tmp/x", false],
    ["file-write-data", "/usr/lib/x", false],
    ["process-exec", "/usr/bin/git", true],
    ["process-exec", "/bin/sh", false],
    ["process-exec", "/Users/me/notes/a.sh", false],
    ["process-fork", "", false],
    ["signal", "self", true],
    ["signal", "others", false],
    ["process-info-pidinfo", "self", true],
    ["process-info-pidinfo", "others", false],
    ["sysctl-read", "hw.memsize", true],
    ["sysctl-read", "kern.procargs2", false],
    ["sysctl-read", "kern.proc.all", false],
    ["sysctl-write", "hw.memsize", false],
    ["network-outbound", "localhost:4321", true],
    ["network-outbound", "localhost:4322", false],
    ["network-outbound", "1.1.1.1:443", false],
    ["network-bind", "localhost:4321", false],
    ["network-inbound", "localhost:4321", false],
    ["mach-lookup", "com.apple.SecurityServer", false],
    ["mach-lookup", "com.apple.coreservices.launchservicesd", false],
    ["mach-register", "x", false],
    ["appleevent-send", "", false],
    ["lsopen", "", false],
    ["iokit-open", "IOSurfaceRootUserClient", false],
    ["ipc-posix-shm-read-data", "x", false],
    ["system-socket", "", false],
    ["file-link", "/Users/me/notes/a.md", false],
  ];
  for (const [operation, what, want] of cases) {
    test(`${want ? "allows" : "denies"} ${operation} ${what}`, () => {
      expect(profile.allows(operation, what)).toBe(want);
    });
  }

  test("without a network, a program or a place to write there is none of it", () => {
    expect([
      shut.allows("network-outbound", "localhost:4321"),
      shut.allows("process-exec", "/usr/bin/git"),
      shut.allows("file-write-data", "/Users/me/.nanos/stage/1/root/Users/me/out"),
    ]).toEqual([false, false, false]);
  });
});

describe("a process under a profile", () => {
  test("gets its reach, its own environment and its limits, by argv", () =>
    inFolder(async (folder) => {
      const notes = join(folder, "notes");
      mkdirSync(notes);
      const program = join(folder, "say");
      writeFileSync(program, '#!/bin/sh\necho "$1|$SHOWN|$HOME|$(ulimit -n)|$(ulimit -c)|$PWD"\n');
      chmodSync(program, 0o755);
      const { out, boxed, ended } = await run(mac, {
        ...{ program: [program, "$(id); x"], reads: [notes], cwd: notes },
        env: { SHOWN: "two words" },
      });
      expect({ out, ended }).toEqual({
        out: `$(id); x|two words||${LIMITS.toolFiles}|0|${notes}\n`,
        ended: { kind: "exited", code: 0 },
      });
      expect([boxed.tier, boxed.held.net]).toEqual(["seatbelt", "none"]);
      const profile = said();
      expect(profile.allows("file-read-data", join(notes, "a.md"))).toBe(true);
      expect(profile.allows("process-exec", program)).toBe(true);
      expect(profile.allows("process-exec", realpathSync("/bin/sh"))).toBe(true);
      expect(profile.allows("file-read-data", join(folder, "other"))).toBe(false);
      expect(profile.allows("network-outbound", "localhost:3128")).toBe(false);
    }));

  test("writes to its stage, which is put in place when somebody says so", () =>
    inFolder(async (folder) => {
      const out = join(folder, "out");
      mkdirSync(out);
      writeFileSync(join(out, "a.md"), "old\n");
      const stage = join(folder, "stage");
      const program = join(folder, "write");
      writeFileSync(program, '#!/bin/sh\necho new > a.md; echo x > "$TMPDIR/t"\n');
      chmodSync(program, 0o755);
      const { boxed, ended } = await run(mac, {
        ...{ program: [program], writes: [out], cwd: out, stage },
      });
      expect(ended).toEqual({ kind: "exited", code: 0 });
      expect(readFileSync(join(out, "a.md"), "utf8")).toBe("old\n");
      const profile = said();
      const [mapped] = boxed.mapping;
      expect(mapped?.real).toBe(out);
      expect(profile.allows("file-write-data", join(mapped?.staged ?? "", "a.md"))).toBe(true);
      expect(profile.allows("file-write-data", join(out, "a.md"))).toBe(false);
      expect(await boxed.changes()).toMatchObject([{ path: join(out, "a.md"), kind: "modified" }]);
      expect(await boxed.commit(join(folder, "undo"))).toBeNull();
      expect(readFileSync(join(out, "a.md"), "utf8")).toBe("new\n");
      await boxed.discard();
      expect(existsSync(stage)).toBe(false);
    }));

  const stopped: readonly (readonly [string, Want["limits"], readonly string[], object])[] = [
    ["wall time", { ms: 300 }, ["/bin/sleep", "50"], { kind: "stopped", by: "time" }],
    ["CPU time", { cpuSeconds: 1 }, ["/bin/sh", "-c", "while :; do :; done"], { by: "time" }],
    ["output", {}, ["/usr/bin/yes"], { kind: "stopped", by: "output" }],
  ];
  for (const [what, limits, program, want] of stopped) {
    test(`is bounded in ${what}`, async () => {
      expect((await run(mac, { program, ...(limits && { limits }) })).ended).toMatchObject(want);
    });
  }

  test("is the host of a tool file", () =>
    inFolder(async (folder) => {
      const file = join(folder, "tool.ts");
      writeFileSync(
        file,
        `import { tool, z } from "nanos/tool";
export default tool({ name: "say", description: "Says.", scopes: ["read:./x"], input: z.object({}),
  run: () => "hi " + (process.env.SHOWN ?? "") + (process.env.NANOS_BOX ?? "") });`,
      );
      const line = (id: number, method: string, params: object): string =>
        `${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`;
      const input = line(1, "tools/call", { name: "say", arguments: {} });
      const { out } = await run(mac, { host: file, reads: [file], env: { SHOWN: "there" }, input });
      expect(out).toContain("hi there");
      const profile = said();
      expect(profile.allows("process-exec", runtimeFile())).toBe(true);
      for (const path of runtimeReads()) {
        expect([path, profile.allows("file-read-data", realpathSync(path))]).toEqual([path, true]);
      }
    }));

  test("reaches the network by the relay to our proxy, which is gone with it", () =>
    inFolder(async (folder) => {
      const socket = join(folder, "proxy.sock");
      const proxy = createServer((client) => client.end("from the proxy\n"));
      await new Promise<void>((resolve) => void proxy.listen(socket, resolve));
      const program = join(folder, "ask");
      writeFileSync(program, '#!/bin/sh\necho "$HTTPS_PROXY"; read _\n');
      chmodSync(program, 0o755);
      const spec = specOf({ program: [program], net: { kind: "proxy", socket } });
      const boxed = await mac.start(spec);
      if ("code" in boxed) throw new Error(boxed.message);
      let out = "";
      for await (const part of boxed.stdout) {
        out += Buffer.from(part).toString();
        if (out.includes("\n")) break;
      }
      const port = Number(new URL(out.trim()).port);
      expect(await heard(port)).toBe("from the proxy\n");
      expect(said().allows("network-outbound", `localhost:${port}`)).toBe(true);
      expect(said().allows("network-outbound", `localhost:${port + 1}`)).toBe(false);
      expect(boxed.held.net).toBe("proxy");
      await boxed.stop();
      expect(await heard(port)).toBe("ECONNREFUSED");
      proxy.close();
    }));
});

function heard(port: number): Promise<string> {
  return new Promise((resolve) => {
    const client = connect({ host: "127.0.0.1", port });
    let text = "";
    client.on("data", (part) => (text += part.toString()));
    client.on("close", () => resolve(text));
    client.on("error", (error) => resolve((error as NodeJS.ErrnoException).code ?? ""));
  });
}

describe("what it cannot hold is refused by name", () => {
  const cases: readonly (readonly [string, Want, string])[] = [
    ["a program that starts others", { program: ["/bin/sh"], exec: ["/bin/ls"] }, "no_tier"],
    ["a tool that starts programs", { host: "/tool.ts", exec: ["/bin/ls"] }, "no_tier"],
    [
      "a host with a network",
      { host: "/tool.ts", net: { kind: "proxy", socket: "/x" } },
      "no_tier",
    ],
    ["a program that is not there", { program: ["/no/such"] }, "no_program"],
    ["a folder that is not there", { program: ["/bin/true"], cwd: "/no/such" }, "bad_path"],
  ];
  for (const [what, want, code] of cases) {
    test(what, async () => {
      expect(await mac.start(specOf(want))).toMatchObject({
        code: `sandbox.${code}`,
        next: expect.any(String),
      });
    });
  }

  test("a path the profile cannot be given", () =>
    inFolder(async (folder) => {
      const odd = join(folder, "a\n(allow default)");
      mkdirSync(odd);
      expect(await mac.start(specOf({ program: ["/bin/true"], reads: [odd] }))).toMatchObject({
        code: "sandbox.bad_path",
      });
    }));

  test("an attack of ours, which is Linux's, is not made", async () => {
    const { probeSandbox } = await import("../probe.ts");
    expect(await probeSandbox(mac)).toEqual([]);
  });

  test("what is marked unconfined is started all the same", async () => {
    const spec = specOf({ program: ["/bin/sh", "-c", "/bin/echo hi"], exec: ["/bin/echo"] });
    const boxed = await mac.start({ ...spec, unconfined: true });
    if ("code" in boxed) throw new Error(boxed.message);
    boxed.endInput();
    expect([boxed.tier, await boxed.ended]).toEqual(["none", { kind: "exited", code: 0 }]);
  });

  test("the tier is asked for as it is started", () => {
    const machine = { bwrap: null, abi: 0, wasm: false, seatbelt: wrapper };
    expect(strongestTier(machine, { kind: "program", net: true })).toBe("seatbelt");
    expect(strongestTier(machine, { kind: "pure", net: false })).toBe("seatbelt");
    expect(strongestTier(machine, { kind: "host", net: true })).toBeNull();
    expect(mac.tier("program", false)).toBe("seatbelt");
    expect(mac.tier("program", false, true)).toBeNull();
    const refused = noTier(machine, { kind: "program", net: false, starts: true });
    expect(refused.message).toContain("On a Mac nothing ends what a program has started");
  });
});

describe("whether the walls stand is tried before they are trusted", () => {
  test("under nothing they do not, and the tier is not used", () => {
    expect(findSeatbelt(wrapper)).toBeNull();
    expect(findSeatbelt(join(tools, "none"))).toBeNull();
    expect(runBriefly([...runtimeArgv("box"), "walls"], 20_000)?.code).toBe(1);
  });

  if (TIERS.includes("landlock")) {
    test("where everything is refused they do", async () => {
      const sandbox = forced("landlock");
      const argv = [...runtimeArgv("box"), "walls"];
      const reads = [...runtimeReads(), runtimeFile()];
      const { ended } = await run(sandbox, { program: argv, reads });
      await sandbox.close();
      expect(ended).toEqual({ kind: "exited", code: 0 });
    });
  }
});

test("a process is watched by ps where there is no /proc", () => {
  const own = memberByPs(process.pid);
  const real = memberAt(process.pid);
  expect([own?.parent, own?.group]).toEqual([real?.parent, real?.group]);
  expect(own?.startTicks).toBeGreaterThan(0);
  expect(own?.residentBytes).toBeGreaterThan(10_000_000);
  expect(memberByPs(2 ** 22 + 1)).toBeNull();
});
