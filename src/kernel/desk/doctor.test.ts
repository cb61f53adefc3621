import { expect, test } from "bun:test";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Tier } from "../../contracts/isolation.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import { memoryChecks, sandboxChecks } from "./doctor.ts";

/** By kind of process, `net` and `starts` where it has them. */
function machine(held: Readonly<Record<string, Tier>>): Pick<Sandbox, "tier"> {
  return {
    tier: (kind, net, starts = false) =>
      held[`${kind}${net ? " net" : ""}${starts ? " starts" : ""}`] ?? null,
  };
}

const program = (tier: Tier, ...more: readonly string[]): Readonly<Record<string, Tier>> =>
  Object.fromEntries(["program", ...more].map((one) => [one, tier]));

const CASES: readonly (readonly [string, Readonly<Record<string, Tier>>, readonly string[]])[] = [
  [
    "bwrap",
    { host: "bwrap", ...program("bwrap", "program net", "program starts") },
    ["ok bwrap: namespaces", "ok held by bwrap, also those with net"],
  ],
  [
    "Landlock",
    { host: "landlock", ...program("landlock", "program starts") },
    ["ok landlock: Landlock", "warn held by landlock; those with net: scopes are refused"],
  ],
  [
    "a Mac",
    { host: "seatbelt", ...program("seatbelt", "program net") },
    [
      "warn seatbelt: a profile of macOS for each process; never run on a Mac by us",
      "warn held by seatbelt, also those with net: scopes; those that start other programs are ref",
    ],
  ],
  ["wasm", { pure: "wasm" }, ["bad Only wasm", "warn No tier can hold a program here."]],
  ["nothing", {}, ["bad No tier can hold a tool here", "warn No tier can hold a program here."]],
];

for (const [name, held, want] of CASES) {
  test(`what holds here is said: ${name}`, () => {
    const checks = sandboxChecks(machine(held));
    for (const [at, { state, says, next }] of checks.entries()) {
      expect(`${state} ${says}`).toStartWith(want[at] ?? "");
      if (state !== "ok") expect(next).toEqual(expect.any(String));
    }
    expect(checks).toHaveLength(want.length);
  });
}

test("notes in a repository are said, with how to take them out", () => {
  const project = fs.realpathSync(fs.mkdtempSync(join(tmpdir(), "nanos-doctor-")));
  try {
    const dir = join(project, ".nano-os", "memory");
    fs.mkdirSync(join(project, ".git"), { recursive: true });
    expect(memoryChecks(dir)).toEqual([]);
    fs.writeFileSync(join(project, ".git", "index"), "DIRC.nano-os/memory/agents/tea/a.md");
    expect(memoryChecks(dir)).toMatchObject([
      { state: "warn", next: expect.stringContaining(`git rm -r --cached ${dir}`) },
    ]);
  } finally {
    fs.rmSync(project, { recursive: true, force: true });
  }
});
