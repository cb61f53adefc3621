import { isIn, partOf, type Fault, type House, type Import, type Source } from "./house.ts";

/** Imports that go up or sideways, leave the house, or name a package of another folder. */
export function edges(house: House): Fault[] {
  const order = new Map<string, number>();
  house.block("layers").forEach((row, level) => {
    for (const name of row.split(/\s+/u)) order.set(name, level);
  });
  const narrow = new Map(house.block("surfaces").map(pair));
  const owners = new Map(house.block("owners").map(pair));
  const faults: Fault[] = [];
  for (const source of house.sources) {
    for (const entry of source.imports) {
      const says =
        entry.target === null
          ? ownerFault(source, entry, owners)
          : edgeFault(source, entry.target, order, narrow);
      if (says !== null) faults.push({ path: source.path, line: entry.line, says });
    }
    if (source.path.startsWith("src/") && !order.has(partOf(source.path))) {
      const says = `${partOf(source.path)} stands in no line of the layers block`;
      faults.push({ path: source.path, line: 1, says });
    }
  }
  return faults;
}

/** Packages of package.json without an owner, owners without a package. */
export function ownersAndPackages(house: House, packages: readonly string[]): Fault[] {
  const owned = new Set(house.block("owners").map((row) => pair(row)[0]));
  const at = { path: "ARCHITECTURE.md", line: 1 };
  return [
    ...packages
      .filter((name) => !owned.has(name))
      .map((name) => ({ ...at, says: `package ${name} has no line in the owners block` })),
    ...[...owned]
      .filter((name) => !name.includes(":") && !packages.includes(name))
      .map((name) => ({ ...at, says: `owners names ${name}, which package.json does not` })),
  ];
}

/** `key: a b c` as key and places. */
function pair(row: string): [string, readonly string[]] {
  const [key = "", rest = ""] = row.split(/\s+|:\s+/u, 1).concat(row.replace(/^\S+\s*/u, ""));
  return [key.replace(/:$/u, ""), rest.split(/\s+/u).filter((place) => place !== "")];
}

function edgeFault(
  source: Source,
  target: string,
  order: ReadonlyMap<string, number>,
  narrow: ReadonlyMap<string, readonly string[]>,
): string | null {
  if (!source.path.startsWith("src/")) return outsideFault(source, target);
  if (target === "package.json") return null;
  if (!target.startsWith("src/")) {
    return source.test ? null : `imports ${target}, which is not below src`;
  }
  if (!source.test && isIn(target, ["*.test.ts", "*.fixtures.ts", "**/testing"])) {
    return `imports ${target}, which is for tests`;
  }
  const [from, to] = [partOf(source.path), partOf(target)];
  if (from === to) return null;
  const [own, other] = [order.get(from), order.get(to)];
  if (own === undefined || other === undefined) return null;
  if (other > own) return `${from} imports ${to}, which stands below it in the layers block`;
  // A test may look further: it puts real parts together.
  if (other === own) return source.test ? null : `${from} imports its neighbour ${to}`;
  const may = narrow.get(source.path) ?? narrow.get(from);
  if (may === undefined || source.test || isIn(target.slice(4), may)) return null;
  return `${source.path} imports ${target.slice(4)}; a surface may import ${may.join(", ")}`;
}

/** Starters are the operator's own files: they know `nanos/tool` and their own folder. */
function outsideFault(source: Source, target: string): string | null {
  if (!source.path.startsWith("starters/") || source.test) return null;
  const starter = source.path.split("/").slice(0, 2).join("/");
  return target.startsWith(`${starter}/`) ? null : `a starter imports ${target}, outside itself`;
}

function ownerFault(
  source: Source,
  entry: Import,
  owners: ReadonlyMap<string, readonly string[]>,
): string | null {
  const builtin = /^(?:node|bun):/u.test(entry.specifier);
  const name = builtin ? entry.specifier : packageOf(entry.specifier);
  if (/^[#/]|^nanos\b|^data:/u.test(name) || name.includes("${")) return null;
  // What the benchmark compares with it installs for itself, in a folder of its own.
  if (isIn(source.path, ["bench"])) return null;
  const places = owners.get(name);
  if (places === undefined) {
    return builtin ? null : `package ${name} has no owner in the owners block`;
  }
  // What runs the tests may use any listed package; what ships may not.
  if (source.test || isIn(source.path, ["test", "scripts"])) return null;
  const local = source.path.startsWith("src/") ? source.path.slice(4) : source.path;
  if (isIn(local, places) || isIn(source.path, places)) return null;
  return `${name} belongs to ${places.join(", ") || "tests and scripts"}, not here`;
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}
