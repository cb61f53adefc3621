/**
 * Uses a built `nanos` as a person would on a machine that has never seen it:
 * `bun scripts/smoke.ts BINARY [TIER]`. Every command answers `--help`, and the first story runs in an
 * empty home, in a folder whose bunfig.toml and .env must not be looked at. The last line is
 * `N passed, N failed`. Who runs it and what the machine has is the caller's choice; TIER is the
 * isolation that must then have been applied.
 */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Command } from "../src/cli/command.ts";
import { MENU } from "../src/cli/commands.ts";
import { cleanEnv, inTempFolder, run, type Ran } from "./machine.ts";

interface Step {
  readonly name: string;
  readonly args: readonly string[];
  readonly code: number;
  /** What its output must hold. */
  readonly says?: RegExp;
  readonly where?: "stdout" | "stderr";
}

const STORY: readonly Step[] = [
  { name: "version", args: ["--version"], code: 0, says: /^\d+\.\d+\.\d+\n$/u },
  { name: "help says what it is not", args: ["--help"], code: 0, says: /no kernel/u },
  { name: "a wrong command", args: ["rum"], code: 2, says: /run/u, where: "stderr" },
  {
    name: "a wrong flag",
    args: ["run", "--modle", "x", "hi"],
    code: 2,
    says: /--model/u,
    where: "stderr",
  },
  { name: "the first request", args: ["run", "tidy today's notes", "--yes"], code: 0 },
  { name: "the traces", args: ["trace", "list", "--json"], code: 0, says: /tidy today/u },
  { name: "verify", args: ["trace", "verify"], code: 0 },
  { name: "tools", args: ["tool", "list"], code: 0 },
  { name: "agents", args: ["agents", "list"], code: 0 },
  { name: "models", args: ["model", "list"], code: 0 },
  { name: "approvals", args: ["approvals", "list"], code: 0 },
  { name: "grants", args: ["grant", "list"], code: 0 },
  { name: "the arrangement", args: ["show"], code: 0 },
  { name: "doctor", args: ["doctor"], code: 0 },
];

async function main(binary: string, tier: string | undefined): Promise<number> {
  const counts = { passed: 0, failed: 0 };
  const note = (name: string, fault: string | null): void => {
    if (fault === null) counts.passed += 1;
    else counts.failed += 1;
    if (fault !== null) console.log(`failed: ${name}\n${fault}`);
  };
  await inTempFolder("nanos-smoke", async (folder) => {
    const [home, cwd] = [join(folder, "home"), join(folder, "here")];
    mkdirSync(home);
    plantTraps(cwd);
    const nanos = (args: readonly string[]): Promise<Ran> =>
      run([binary, ...args], {
        cwd,
        env: { ...cleanEnv(home), BUN_OPTIONS: undefined },
        ms: 120_000,
      });
    for (const step of STORY) note(step.name, faultOf(step, await nanos(step.args)));
    for (const [name, fault] of await lookBack(nanos, tier)) note(name, fault);
    for (const path of await commandPaths()) {
      note(`${path.join(" ")} --help`, helpFault(path, await nanos([...path, "--help"])));
    }
    note("nothing in the folder ran", existsSync(join(cwd, "trapped")) ? "the preload ran" : null);
    note("nothing lies in the folder", strayIn(cwd));
  });
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0 ? 0 : 1;
}

/** Files of the current folder that a runtime would run or read by itself. */
function plantTraps(cwd: string): void {
  mkdirSync(cwd);
  writeFileSync(join(cwd, "bunfig.toml"), 'preload = ["./preload.ts"]\n');
  const trap = `require("node:fs").writeFileSync(${JSON.stringify(join(cwd, "trapped"))}, "");\n`;
  writeFileSync(join(cwd, "preload.ts"), trap);
  writeFileSync(join(cwd, ".env"), "NANOS_HOME=/nowhere\nBUN_OPTIONS=--preload ./preload.ts\n");
}

function strayIn(cwd: string): string | null {
  const known = new Set(["bunfig.toml", "preload.ts", ".env"]);
  const stray = readdirSync(cwd).filter((name) => !known.has(name));
  return stray.length === 0 ? null : `found ${stray.join(", ")}`;
}

function faultOf(step: Step, ran: Ran): string | null {
  const text = ran[step.where ?? "stdout"];
  if (ran.code !== step.code) return `exit ${ran.code}, not ${step.code}\n${ran.text}`;
  return step.says === undefined || step.says.test(text) ? null : `no ${step.says} in\n${ran.text}`;
}

function helpFault(path: readonly string[], ran: Ran): string | null {
  if (ran.code !== 0) return `exit ${ran.code}\n${ran.text}`;
  if (!/example/iu.test(ran.stdout)) return `no example in\n${ran.stdout}`;
  const wide = ran.stdout.split("\n").find((line) => line.length > 80);
  return wide === undefined ? null : `${path.join(" ")}: wider than 80 columns: ${wide}`;
}

/** Replays the newest run offline, by the id the list gives, and looks at what held its tools. */
async function lookBack(
  nanos: (args: readonly string[]) => Promise<Ran>,
  tier: string | undefined,
): Promise<readonly (readonly [string, string | null])[]> {
  const list = await nanos(["trace", "list", "--json"]);
  const id = /"run":\s*"([^"]+)"/u.exec(list.stdout)?.[1];
  if (id === undefined) return [["replay", `no run in\n${list.text}`]];
  const replay = await nanos(["trace", "replay", id]);
  const shown = await nanos(["trace", "show", id, "--json"]);
  const held = tier === undefined || shown.stdout.includes(`"isolation": "${tier}"`);
  return [
    ["replay", replay.code === 0 ? null : `exit ${replay.code}\n${replay.text}`],
    ["isolation", held ? null : `no step was held by ${tier} in\n${shown.text}`],
  ];
}

/** Every command and sub-command, as typed. */
async function commandPaths(): Promise<readonly string[][]> {
  const commands = await Promise.all(MENU.names.map((name) => MENU.load(name)));
  const walk = (command: Command, before: readonly string[]): string[][] => {
    const path = [...before, command.name];
    return [path, ...(command.subs ?? []).flatMap((sub) => walk(sub, path))];
  };
  return commands.flatMap((command) => walk(command, []));
}

const [binary, tier] = process.argv.slice(2);
if (binary === undefined || !existsSync(binary)) {
  console.error("usage: bun scripts/smoke.ts BINARY [TIER]");
  process.exitCode = 2;
} else {
  process.exitCode = await main(resolve(binary), tier);
}
