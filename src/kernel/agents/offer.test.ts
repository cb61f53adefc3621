import { expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KNOWN_AGENTS } from "./known.ts";
import { wrapOffer } from "./offer.ts";

const where = { env: { PATH: "/usr/bin:/bin" }, workspace: "/ws", userHome: "/home/x", taken: [] };
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
