import { afterAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProbeResult } from "../src/sandbox/probe.ts";
import { LEFT_OPEN } from "../src/sandbox/probing/attacks/files.ts";
import { TIERS } from "../src/sandbox/testing/tiers.ts";
import { asSomebody, isReadable, isRoot } from "./support/machines.ts";

/**
 * Every attack, by every kind of process, in every tier, as root and as an ordinary user. Whether it
 * held is judged from outside; that the judge would notice is shown in `probe.test.ts`, where the
 * same attacks are made without a box.
 */
const CELL_MS = 400_000;
const ATTACKS_AT_LEAST = 40;

interface Cell {
  readonly tier: "bwrap" | "landlock" | "wasm";
  readonly as: "root" | "user";
}

const table = new Map<string, readonly ProbeResult[]>();

describe("every attack is held, or named as one that is not", () => {
  const tiers = [...TIERS, "wasm"] as const;
  const cells = (["root", "user"] as const).flatMap((as) =>
    tiers.map((tier): Cell => ({ tier, as })),
  );
  for (const cell of cells.filter(({ as }) => as === "user" || isRoot())) {
    test(`${cell.tier}, as ${cell.as}`, () => check(cell), CELL_MS);
  }
});

async function check(cell: Cell): Promise<void> {
  const script = join(import.meta.dirname, "../src/sandbox/testing/probes.ts");
  const somebody = cell.as === "user" && isRoot() ? asSomebody() : [];
  if (somebody === null || (somebody.length > 0 && !isReadable(script))) {
    console.log("not available: an ordinary user (setpriv, and a checkout everybody may read)");
    return;
  }
  const results = await attackAll([...somebody, process.execPath, script, cell.tier]);
  expect(results.filter(({ held, residual }) => !held && residual === null)).toEqual([]);
  // A weakness that is named and gone is a wrong warning.
  expect(results.filter(({ held, residual }) => held && residual !== null)).toEqual([]);
  const kinds: readonly ProbeResult["kind"][] =
    cell.tier === "wasm" ? ["pure"] : ["host", "program"];
  expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(kinds));
  for (const kind of kinds) {
    const of = results.filter((result) => result.kind === kind);
    expect(of.length).toBeGreaterThanOrEqual(ATTACKS_AT_LEAST);
    expect(new Set(of.map(({ tier }) => tier))).toEqual(new Set([cell.tier]));
    table.set(`${cell.tier} ${cell.as} ${kind}`, of);
  }
}

/** In a nanos that was started carelessly: a file is left open, and the environment holds a secret. */
async function attackAll(argv: readonly string[]): Promise<readonly ProbeResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "nanos-escape-"));
  try {
    const left = join(folder, "left-open");
    writeFileSync(left, LEFT_OPEN);
    const child = spawn("/bin/sh", ["-c", 'exec 9<"$0" && exec "$@"', left, ...argv], {
      cwd: "/",
      stdio: ["ignore", "pipe", "inherit"],
      env: { PATH: "/usr/bin:/bin", HOME: "/nowhere", API_KEY: "sk-an-environment-canary" },
    });
    const parts: Buffer[] = [];
    for await (const part of child.stdout) parts.push(part as Buffer);
    const said = Buffer.concat(parts).toString();
    return (JSON.parse(said) as { results: readonly ProbeResult[] }).results;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

afterAll(() => {
  const columns = [...table.keys()];
  const names = [...new Set([...table.values()].flat().map(({ name }) => name))];
  const cellOf = (column: string, name: string): string => {
    const result = table.get(column)?.find((each) => each.name === name);
    if (result === undefined) return " ";
    return result.held ? "·" : result.residual === null ? "X" : "r";
  };
  const lines = names.map(
    (name) =>
      `${name.padEnd(44)}${columns.map((column) => cellOf(column, name).padEnd(3)).join("")}`,
  );
  const head = columns.map((column, i) => `${String(i + 1).padStart(2)} ${column}`);
  console.log(
    [
      "attack x kind x tier: · held, r known and bounded, X got through",
      ...head,
      `${" ".repeat(44)}${columns.map((_, i) => String(i + 1).padEnd(3)).join("")}`,
      ...lines,
      ...new Set(
        [...table.values()]
          .flat()
          .flatMap(({ tier, residual }) => (residual ? [`r ${tier}: ${residual}`] : [])),
      ),
    ].join("\n"),
  );
});
