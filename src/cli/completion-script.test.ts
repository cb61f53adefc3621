import { expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MENU } from "./commands.ts";
import { completionScript, SHELLS } from "./completion-script.ts";

const commands = await Promise.all(MENU.names.map((name) => MENU.load(name)));

test("every shell's script names every command, sub-command and flag", () => {
  for (const shell of SHELLS) {
    const script = completionScript(shell, commands);
    for (const command of commands.filter(({ name, former }) => name !== "session" && !former)) {
      for (const { name } of [command, ...(command.subs ?? [])]) expect(script).toContain(name);
      for (const { flag } of command.options ?? []) expect(script).toContain(flag.slice(2));
    }
  }
});

/** What bash offers for a line whose last word is being typed. */
async function check(line: readonly string[], offers: readonly string[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-completion-"));
  try {
    const file = join(folder, "nanos.bash");
    writeFileSync(file, completionScript("bash", commands));
    const code = `. "$0"; nanos() { echo r1; echo r2; }; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _nanos; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const child = Bun.spawn(["/bin/bash", "--norc", "-c", code, file, ...line], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const out = await new Response(child.stdout).text();
    expect(await new Response(child.stderr).text()).toBe("");
    expect({ line, out: out.trimEnd().split("\n") }).toEqual({ line, out: [...offers] });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test("bash completes commands, flags and names", async () => {
  if (!existsSync("/bin/bash")) {
    console.log("not available: bash (apt install bash)");
    return;
  }
  await check(["nanos", "tr"], ["trust", "trace", "trait"]);
  await check(["nanos", "trace", "ver"], ["verify", "verifier"]);
  await check(["nanos", "traces", "sho"], ["show"]);
  await check(["nanos", "trace", "show", "r"], ["r1", "r2"]);
  await check(["nanos", "run", "--mo"], ["--model"]);
  await check(["nanos", "resume", "--h"], ["--home", "--help"]);
});
