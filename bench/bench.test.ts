import { beforeAll, expect, test } from "bun:test";
import { BUN, ROOT, run } from "../scripts/machine.ts";
import { ROWS, TARGETS } from "./rows.ts";
import { CASES } from "./child.ts";
import type { Result } from "./table.ts";
import { render, resultsOf } from "./table.ts";

/** The cheap rows, once; nothing here depends on how long anything takes. */
const CHEAP = ["step", "journal", "gate"];
let text = "";

beforeAll(async () => {
  const argv = [...BUN, "--no-install", "bench/bench.ts", "--quick", "--only", CHEAP.join(",")];
  const ran = await run(argv, { cwd: ROOT, ms: 55_000 });
  text = ran.stdout;
  expect({ code: ran.code, error: ran.code === 0 ? "" : ran.text }).toEqual({ code: 0, error: "" });
}, 60_000);

function results(): readonly Result[] {
  return text
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Result);
}

const wanted = ROWS.filter(({ name }) => CHEAP.includes(name));

test("there is one line of JSON for each line of the rows asked for, and a table", () => {
  const lines = wanted.flatMap((row) => row.lines.map(({ says }) => `${row.name} ${says}`));
  expect(results().map(({ row, says }) => `${row} ${says}`)).toEqual(lines);
  for (const line of lines) expect(text).toContain(line.slice(line.indexOf(" ") + 1));
});

test("every target of these rows is there and says what it came to", () => {
  const named = results().flatMap(({ target }) => (target ? [target] : []));
  const expected = wanted.flatMap(({ lines }) => lines.flatMap((line) => line.target ?? []));
  expect(named.map(({ name }) => name)).toEqual(expected.map(({ name }) => name));
  for (const { met, value, missedBy } of named) {
    expect(value === null).toBe(met === null);
    expect(missedBy !== null).toBe(met === false);
  }
});

test("a case of ours that fails is told apart from a peer that is left out", () => {
  for (const { says, value, notAvailable } of results()) {
    if (value === null) expect(`${says}: ${notAvailable}`).toContain("--quick leaves peers out");
  }
});

test("what is missing is a line that says why, and its targets are not judged", () => {
  const [step] = ROWS;
  const why = "pi (npm is not installed)";
  const none = new Map(step?.cases.map((name) => [name, { why }] as const));
  const lines = step ? resultsOf(step, none) : [];
  expect(render(lines)).toContain(`not available: ${why}`);
  expect(lines.flatMap(({ target }) => (target ? [target.met] : []))).toEqual([null, null, null]);
});

test("a ratio is the median of the rounds' own ratios, and a miss says how far off it is", () => {
  const target = { name: "t", limit: 2, better: "less" } as const;
  const line = { says: "x", of: "a", figure: "ms", unit: "ms", by: "b", target };
  const row = { name: "r", cases: ["a", "b"], rounds: 3, lines: [line] };
  const rounds = (all: readonly number[]) => ({ rounds: all.map((ms) => ({ ms })) });
  const found = new Map([
    ["a", rounds([3, 30, 5])],
    ["b", rounds([1, 10, 1])],
  ]);
  const [result] = resultsOf(row, found);
  expect(result?.against).toEqual({ case: "b", how: "ratio", value: 3 });
  expect(result?.target).toEqual({ ...target, value: 3, met: false, missedBy: 0.5 });
});

test("rows name cases that exist, and targets have names of their own", () => {
  const cases = ROWS.flatMap((row) => [...row.cases, ...row.lines.map(({ of }) => of)]);
  expect(cases.filter((name) => !(name in CASES))).toEqual([]);
  const names = TARGETS.map(({ name }) => name);
  expect(names).toEqual([...new Set(names)]);
});

test("an unknown row is refused by name", async () => {
  const ran = await run([...BUN, "--no-install", "bench/bench.ts", "--only", "speed"], {
    cwd: ROOT,
  });
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain("There is no row speed");
});
