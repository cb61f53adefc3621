import { expect, test } from "bun:test";
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
