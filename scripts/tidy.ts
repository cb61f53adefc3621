/**
 * Checks the walls of the house: what ARCHITECTURE.md draws in its fenced blocks, the code must
 * keep. `bun scripts/tidy.ts [ROOT]` prints each fault as `file:line: sentence` and ends with 1
 * when there is one.
 */
import { join } from "node:path";
import { bans } from "./tidy/bans.ts";
import { edges, ownersAndPackages } from "./tidy/edges.ts";
import { readHouse, readText, type Fault, type House } from "./tidy/house.ts";
import { lists, names, orphans, sizes, undocumented } from "./tidy/shape.ts";

/** All faults below `root`, and a line of totals. */
export function tidy(root: string): { readonly faults: readonly Fault[]; readonly totals: string } {
  const house = readHouse(root);
  const manifest = readManifest(root);
  const faults = [
    ...edges(house),
    ...ownersAndPackages(house, manifest.packages),
    ...bans(house),
    ...sizes(house),
    ...lists(house),
    ...orphans(house, manifest.entries),
    ...names(house),
    ...undocumented(house),
  ];
  return { faults, totals: totals(house) };
}

/** What package.json says: packages, and the files its exports and programs start from. */
function readManifest(root: string): { packages: string[]; entries: string[] } {
  const text = readText(join(root, "package.json"));
  const read = JSON.parse(text === "" ? "{}" : text) as Record<string, Record<string, string>>;
  const packages = [read["dependencies"], read["devDependencies"]].flatMap((set) =>
    Object.keys(set ?? {}),
  );
  const built = Array.from(text.matchAll(/\.\/lib\/([\w/-]+)\.js/gu), (m) => `src/${m[1]}.ts`);
  const run = Array.from(text.matchAll(/\b(src\/[\w/.-]+\.ts)\b/gu), (m) => m[1] ?? "");
  return { packages, entries: [...built, ...run] };
}

function totals(house: House): string {
  const own = house.sources.filter((source) => source.path.startsWith("src/"));
  const count = (list: typeof own): number => list.reduce((sum, { lines }) => sum + lines, 0);
  const source = own.filter((file) => !file.test);
  const tests = house.sources.filter((file) => file.test);
  const ratio = (count(tests) / Math.max(1, count(source))).toFixed(2);
  return (
    `src ${count(source)} lines in ${source.length} files, ` +
    `tests ${count(tests)} lines in ${tests.length} files, tests : source ${ratio}`
  );
}

if (import.meta.main) {
  const { faults, totals: line } = tidy(process.argv[2] ?? join(import.meta.dirname, ".."));
  for (const { path, line: at, says } of faults) console.log(`${path}:${at}: ${says}`);
  console.log(`${faults.length === 0 ? "tidy" : `${faults.length} faults`}: ${line}`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
