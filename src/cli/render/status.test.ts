import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "bun:test";
import type { Evolution, Status } from "../../contracts/stage.ts";
import { STATUS } from "../testing/samples.ts";
import { textOf } from "./line.ts";
import { statusLines, traitLines } from "./status.ts";
import { cellsOf } from "./width.ts";

function page(change: Partial<Status>, width = 80): readonly string[] {
  return statusLines({ ...STATUS, ...change }, width).map(textOf);
}

function evolution(change: Partial<Evolution>): Partial<Status> {
  return { evolution: { ...STATUS.evolution, ...change } };
}

test("a home on one page, with what the next stage takes", () => {
  expect(page({}).map((line) => line.trimEnd())).toEqual([
    "AWAKENING  60 XP from 2 proven missions, 25% of the 8 that count",
    "FORGING takes 10 proven missions, and 30% of those that count proven: 8 more, if",
    "none fails.",
    "A mission is proven where it succeeded and a check was met, or you said yes to a",
    "result.",
    "1 record of missions not verified, counted as failed: nanos trace verify",
    "",
    "  missions     5 succeeded, 2 degraded, 5 failed, 1 waiting",
    "  not counted  1 open, 2 degraded, 3 unproven",
    "  schedules    2 armed, 1 held; 3 times missed: nanos schedule list",
    "  plans        9 brief, 3 release",
    "  answers      12 yes, 1 no, 2 still to be given",
    "  agents       oracle, research",
    "  memory       3 notes, 1 candidate: nanos memory inbox",
    "  model        script",
    "  sandbox      landlock",
    "  spend        14 runs, 12.3k tokens, $0.50, and 2 runs of unknown price",
    "  today        $0.50 of $2.00, 120 of 500 calls",
    "  foretold     12 predictions, 3 open, 1 due, Brier score 0.160: nanos cognition",
    "",
    "trait         from       state",
    "RECALL        AWAKENING  on",
    "WORKER_SPAWN  FORGING    not reached",
    "You switch them: nanos trait list. None takes an ask away: what waits for your",
    "yes waits at every stage.",
  ]);
});

test("a trait with what it does and what is missing, at every width", () => {
  const [one, two] = STATUS.traits;
  const rest = [{ ...STATUS.traits[0]!, on: false }];
  const shown = traitLines([...STATUS.traits, ...rest], 80).map(textOf);
  expect(shown).toEqual([
    `RECALL  on`,
    `  ${one?.does} (${one?.where})`,
    "WORKER_SPAWN  not reached",
    `  ${two?.does} (${two?.where})`,
    "  It needs FORGING: 10 proven missions, 30% of those that count: 2 so far, 25%.",
    "RECALL  off: nanos trait on",
    `  ${one?.does} (${one?.where})`,
  ]);
  for (const width of [40, 80, Number.POSITIVE_INFINITY]) {
    const lines = traitLines(STATUS.traits, width).map(textOf);
    expect(Math.max(...lines.map(cellsOf))).toBeLessThanOrEqual(width);
  }
});

test("what is special is said in words", () => {
  const next = { stage: "APEX", missions: 200, rate: 0.8 } as const;
  const byRate = evolution({ next: { ...next, missing: { missions: 3, byRate: true } } });
  expect(page(byRate, 200)[1]).toContain("3 more to make up for those that failed, if none fails.");
  expect(page(evolution({ stage: "APEX", next: null }), 120)[1]).toContain("no further stage");
  // 79.99 % is not said to be 80.
  expect(page(evolution({ rate: 0.7999 }))[0]).toContain("79%");
  const bare: Partial<Status> = {
    ...{ agents: [], model: null, sandbox: null },
    memory: { enabled: false, notes: 0, candidates: 0 },
    missions: { outcomes: {}, waiting: 0, open: 0 },
    ...evolution({ stage: "DORMANT", xp: 0, proven: 0, failed: 0, broken: 0, rate: 0 }),
  };
  const text = page(bare).join("\n");
  for (const words of [
    "nanos mission new",
    "memory       off",
    "nanos model add",
    "nanos doctor",
  ]) {
    expect(text).toContain(words);
  }
  expect(text).not.toContain("of the 0");
});

test("fits every width", () => {
  for (const width of [40, 80, 120]) {
    const lines = page({ agents: Array.from({ length: 40 }, (_, i) => `agent-${i}`) }, width);
    expect(Math.max(...lines.map(cellsOf))).toBeLessThanOrEqual(width);
  }
});

test("nothing we print or write calls anything certified: what there is is evidence", () => {
  const root = join(import.meta.dirname, "..", "..", "..");
  const texts = ["src", "docs", "starters", "launcher", "verifier", "README.md"];
  const files = texts.flatMap((name) => filesIn(join(root, name)));
  expect(files.length).toBeGreaterThan(500);
  const claims = files.filter((file) =>
    /\bcertif(?:y|ied|ies|ication)\b/iu.test(readFileSync(file, "utf8")),
  );
  expect(claims).toEqual([]);
});

/** Files of ours with words for people, tests left out. */
function filesIn(path: string): readonly string[] {
  if (!statSync(path).isDirectory()) return [path];
  const inside = readdirSync(path, { recursive: true, encoding: "utf8" });
  return inside.flatMap((name) =>
    /\.(?:ts|md|yaml|html|css)$/u.test(name) && !/\.test\.ts$|node_modules/u.test(name)
      ? [join(path, name)]
      : [],
  );
}
