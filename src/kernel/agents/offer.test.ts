import { expect, test } from "bun:test";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Scope } from "../../contracts/scope-parts.ts";
import { KNOWN_AGENTS } from "./known.ts";
import { wrapOffer } from "./offer.ts";

const where = {
  env: { PATH: "/usr/bin:/bin" },
  workspace: "/ws",
  userHome: "/home/x",
  home: "/home/x/.nano-os",
  taken: [],
};
const notes = (...scopes: readonly string[]): string =>
  wrapOffer({ command: ["cat"], scopes }, where).notes.join("\n");

test("what a wrapped program lacks is said with the scope that would give it", () => {
  expect(notes()).toContain("It reaches no host. Add one: --scope net:HOST:PORT");
  expect(notes()).toContain("Where it needs a shell, add one: --scope exec:bash");
  const given = notes("net:api.example.org:443", "exec:bash", "write:.");
  expect(given).not.toContain("--scope");
  expect(given).toContain("What it writes is staged");
});

test("the scope that is named is taken as it stands", () => {
  const offer = wrapOffer({ command: ["cat"], scopes: ["exec:bash"] }, where);
  expect([offer.text.includes('scopes: ["exec:bash"]'), offer.may]).toEqual([
    true,
    ["run the program cat", "run the program bash"],
  ]);
});

test("what a known agent writes of its own is said, with what would let it", () => {
  const bin = mkdtempSync(join(tmpdir(), "nanos-known-"));
  for (const { program, keeps, kind, command } of KNOWN_AGENTS) {
    writeFileSync(join(bin, program), "");
    chmodSync(join(bin, program), 0o755);
    const at = { ...where, env: { PATH: bin } };
    const offer = wrapOffer({ command: [program] }, at);
    expect(offer.text).toContain(`kind: ${kind}\n`);
    expect(offer.command).toEqual(command);
    const note = offer.notes.find((one) => one.includes("of its own in"));
    for (const path of keeps) expect(note).toContain(`--scope write:${path}`);
    const scopes = keeps.map((path) => `write:${path}` as const);
    const given = wrapOffer({ command: [program], scopes }, at);
    expect(given.notes.some((one) => one.includes("of its own in"))).toBe(false);
  }
  rmSync(bin, { recursive: true });
});

test("one that would reach the home is said to be denied, before it is made", () => {
  const said = (workspace: string, scopes: readonly Scope[] = []): boolean =>
    wrapOffer({ command: ["cat"], scopes }, { ...where, workspace }).notes.some((note) =>
      note.includes("nanos init ."),
    );
  expect(said("/home/x", ["read:."])).toBe(true);
  expect(said("/ws", ["write:~/"])).toBe(true);
  expect(said("/ws", ["read:.", "net:a.example:443"])).toBe(false);
  expect(said("/home/x/project", ["write:."])).toBe(false);
});

test("what a package needs is read where npm has put it", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nanos-offer-")));
  const program = (name: string, needs: object, own: boolean): string => {
    const pack = join(folder, name, "node_modules", name);
    mkdirSync(join(pack, ...(own ? ["node_modules"] : [])), { recursive: true });
    writeFileSync(join(pack, "package.json"), JSON.stringify({ name, ...needs }));
    writeFileSync(join(pack, "run"), "");
    chmodSync(join(pack, "run"), 0o755);
    return join(pack, "run");
  };
  const reads = (file: string): string | undefined =>
    /"read:([^"]*)"/u.exec(wrapOffer({ command: [file] }, where).text)?.[1];
  const needs = { dependencies: { react: "1" } };
  const node = (name: string): string => join(folder, name, "node_modules");
  expect(reads(program("bare", {}, false))).toBe(join(node("bare"), "bare"));
  expect(reads(program("nested", needs, true))).toBe(join(node("nested"), "nested"));
  expect(reads(program("beside", needs, false))).toBe(node("beside"));
  expect(reads(program("odd", { optionalDependencies: { x: "1" } }, false))).toBe(node("odd"));
  rmSync(folder, { recursive: true });
});
