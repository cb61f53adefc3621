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
    [
      "run the program cat",
      "run the program bash",
      "keep a folder of its own as its home; of yours it sees what is named here",
    ],
  ]);
});

test("a known agent has a home of its own, and what of its operator's it does not see is said", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nanos-known-")));
  const userHome = join(folder, "home");
  for (const { program, kind, command, keys, signIn, settings, note } of KNOWN_AGENTS) {
    writeFileSync(join(folder, program), "");
    chmodSync(join(folder, program), 0o755);
    const at = { ...where, userHome, env: { PATH: folder, HOME: userHome } };
    const plain = wrapOffer({ command: [program] }, at);
    expect(plain.text).toContain(`kind: ${kind}\n`);
    expect(plain.text).toContain("\nhome: own\n");
    expect(plain.text).not.toContain("~");
    expect(plain.command).toEqual(command);
    if (note !== undefined) expect(plain.notes).toContain(note);
    const [key] = keys;
    const how = `nanos agent wrap ${program} --scope secret:${String(key)}`;
    expect(plain.notes.some((note) => note.includes(how))).toBe(key !== undefined);
    for (const path of [...signIn, ...settings]) {
      const file = path.replace("~", userHome);
      mkdirSync(join(file, ".."), { recursive: true });
      writeFileSync(file, "{}");
      const add = `nanos agent wrap ${program} --scope read:${path}`;
      expect(wrapOffer({ command: [program] }, at).notes.join("\n")).toContain(add);
      const seen = wrapOffer({ command: [program], scopes: [`read:${path}`] }, at);
      expect(seen.text).toContain(`"read:${path}"`);
      expect(seen.notes.join("\n")).not.toContain(add);
    }
    if (key === undefined) continue;
    const keyed = wrapOffer({ command: [program] }, { ...at, env: { ...at.env, [key]: "k" } });
    expect(keyed.text).toContain(`"env:${key}"`);
    expect(keyed.text).not.toContain('"k"');
    const secret = wrapOffer({ command: [program], scopes: [`secret:${key}`] }, at);
    expect(secret.notes.join("\n")).not.toContain("no key");
  }
  rmSync(folder, { recursive: true });
});

test("the operator's own home is one's only where they say so", () => {
  const text = (scopes: readonly Scope[]): string =>
    wrapOffer({ command: ["cat"], scopes }, where).text;
  expect(text([])).toContain("home: own");
  expect(text(["env:HOME"])).not.toContain("home: own");
});

test("of a package, what holds programs made for this machine may be started", () => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "nanos-package-")));
  const put = (path: string, text: string, mode = 0o755): string => {
    const file = join(folder, "node_modules", path);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
    return file;
  };
  const elf = "\x7fELF and more";
  const made = {
    name: "a",
    optionalDependencies: { "@a/here": "1", "@a/other": "1", "@a/none": "1", "../up": "1" },
  };
  put("a/package.json", JSON.stringify(made), 0o644);
  put("b/bin/b", elf);
  put("up", elf);
  const main = put("a/run.js", "#!/usr/bin/env node\n");
  put("@a/here/bin/native", elf);
  put("@a/here/lib/x.so.1", elf);
  put("@a/here/script", "#!/bin/sh\n");
  put("@a/here/data", elf, 0o644);
  const { text } = wrapOffer({ command: [main] }, where);
  const scopes = JSON.parse(/^scopes: (.*)$/mu.exec(text)?.[1] ?? "") as string[];
  const beside = join(folder, "node_modules");
  expect(scopes).toEqual([`read:${beside}`, `exec:${beside}/@a/here/`]);
  rmSync(folder, { recursive: true });
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
