import { afterAll, expect, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, run, which } from "./machine.ts";

const folder = mkdtempSync(join(tmpdir(), "nanos-launcher-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A program that passes for a runtime: larger than a stub, prints what it was started with. */
const RUNTIME = `#!/bin/sh\nprintf '%s\\n' "$@"\nexit 7\n# ${"x".repeat(1_100_000)}\n`;
const STUB = "#!/bin/sh\nexit 99\n";

/** Installs the launcher with these files below node_modules, and starts it. */
async function launch(name: string, files: Readonly<Record<string, string>>) {
  const root = join(folder, name);
  cpSync(join(ROOT, "launcher"), join(root, "launcher"), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(join(root, "node_modules", path, ".."), { recursive: true });
    writeFileSync(join(root, "node_modules", path), text, { mode: 0o755 });
  }
  const node = which("node") ?? process.execPath;
  return run([node, join(root, "launcher/bin/nanos.mjs"), "run", "two words"], {
    env: { PATH: process.env["PATH"], BUN_OPTIONS: "--preload ./trap.ts" },
  });
}

const MANIFEST = { "bun/package.json": '{"name":"bun","version":"1.0.0"}' };
const PLATFORM = `@oven/bun-${process.platform}-x64`;

test("it starts the runtime of the package, with nothing of the folder loaded", async () => {
  const ran = await launch("real", { ...MANIFEST, "bun/bin/bun.exe": RUNTIME });
  expect(ran.code).toBe(7);
  expect(ran.stdout.split("\n")).toEqual([
    "--config=/dev/null",
    "--no-env-file",
    "--no-install",
    "--tsconfig-override=/dev/null",
    join(folder, "real/src/cli/main.ts"),
    "run",
    "two words",
    "",
  ]);
});

test("where install scripts were off it finds the platform's own package", async () => {
  const ran = await launch("stub", {
    ...MANIFEST,
    "bun/bin/bun.exe": STUB,
    [`${PLATFORM}/bin/bun`]: RUNTIME,
  });
  expect(ran.code).toBe(7);
});

test("without a runtime it says what to do", async () => {
  const ran = await launch("none", { ...MANIFEST, "bun/bin/bun.exe": STUB });
  expect({ code: ran.code, says: ran.stderr }).toEqual({
    code: 2,
    says:
      "nanos: the Bun runtime is missing from this installation.\n" +
      "Next: install again with install scripts allowed, e.g. npm i -g nanos --allow-scripts=bun\n",
  });
});
