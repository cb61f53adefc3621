import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Found } from "../check.ts";
import { BUN, cleanEnv, inTempFolder, ROOT, run } from "../machine.ts";
import { isIn, readHouse } from "../tidy/house.ts";

/** Share of the lines of src that tests must run, all files together. */
const LEAST = 0.85;

/**
 * The runner's own threshold is read from a file we do not load, so it is compared here. Each of
 * several runs writes a report of its own.
 */
export function coverageFlags(part: number): readonly string[] {
  return ["--coverage", "--coverage-reporter=lcov", `--coverage-dir=coverage/${part}`];
}

/** Runs the tests with coverage. What they run in processes of their own is not counted. */
export async function coverage(): Promise<Found> {
  return inTempFolder("nanos-coverage", async (home) => {
    mkdirSync(join(home, "home"));
    rmSync(join(ROOT, "coverage"), { recursive: true, force: true });
    const ran = await run([...BUN, "test", "--timeout=60000", ...coverageFlags(0), "./src"], {
      env: cleanEnv(join(home, "home")),
    });
    const failing = ran.text.split("\n").filter((line) => line.startsWith("(fail)"));
    if (ran.code !== 0) {
      return { state: "failed", says: `tests fail: npm test\n${failing.join("\n")}` };
    }
    return judgeReport();
  });
}

/** Judges the reports of the last run of the tests with coverage. */
export function judgeReport(): Found {
  const parts = readdirSync(join(ROOT, "coverage")).toSorted();
  const read = (part: string): string =>
    readFileSync(join(ROOT, "coverage", part, "lcov.info"), "utf8");
  return judge(parts.map(read).join("\n"), measured());
}

/** Files whose lines count: they do something, and do it where the tests run. */
function measured(): string[] {
  const house = readHouse(ROOT);
  const apart = house.block("apart");
  const script = new Bun.Transpiler({ loader: "ts" });
  return house.sources
    .filter(({ path, test }) => !test && path.startsWith("src/") && !isIn(path, apart))
    .filter(({ text }) => script.transformSync(text).trim() !== "")
    .map(({ path }) => path);
}

/** Compares a report with the files there are: one that no test loads is not in the report. */
export function judge(lcov: string, own: readonly string[]): Found {
  const seen = readLcov(lcov);
  const never = own.filter((path) => !seen.has(path));
  let [hit, all] = [0, 0];
  for (const path of own) {
    const file = seen.get(path);
    hit += file?.hit ?? 0;
    all += file?.all ?? 0;
  }
  const share = all === 0 ? 0 : hit / all;
  const note = `${(share * 100).toFixed(1)} % of lines`;
  const says = [
    ...(share < LEAST ? [`${note} are run by tests, ${LEAST * 100} % are needed`] : []),
    ...never.map((path) => `${path}: no test loads this file`),
  ];
  return says.length === 0 ? { state: "passed", note } : { state: "failed", says: says.join("\n") };
}

/** Lines hit and lines in all, by file; of several reports the one that saw most of it. */
function readLcov(text: string): Map<string, { readonly hit: number; readonly all: number }> {
  const files = new Map<string, { hit: number; all: number }>();
  let file = { hit: 0, all: 0 };
  for (const line of text.split("\n")) {
    const [key, value = ""] = line.split(/:(.*)/su);
    if (key === "SF") {
      const path = value.replace(`${ROOT}/`, "");
      files.set(path, (file = files.get(path) ?? { hit: 0, all: 0 }));
    }
    if (key === "LH") file.hit = Math.max(file.hit, Number(value));
    if (key === "LF") file.all = Math.max(file.all, Number(value));
  }
  return files;
}
