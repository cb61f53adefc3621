import { describe, expect, test } from "bun:test";
import { execFileSync } from "node:child_process";
import * as fs from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { LIMITS } from "../../std/limits.ts";
import { refusal, testFolder } from "../testing/folder.ts";
import { paxOf, type TarEntry, tarOf } from "../testing/tar.ts";
import { REFUSALS } from "./entries.ts";
import { gather } from "./gather.ts";
import { readTar } from "./tar.ts";

const HEAD = "---\nname: pdf\ndescription: Reads PDF files.\n---\nRead.\n";
const SKILL: TarEntry = { path: "pdf/SKILL.md", text: HEAD };
const clone = (): never => {
  throw new Error("no repository here");
};

const take = (cwd: string, from: string, path?: string) => gather({ from, path, cwd, clone });

/** Packs the entries, takes the skill out, and gives the refusal's code or `taken`. */
async function archive(entries: readonly TarEntry[] | Uint8Array, zip = false): Promise<string> {
  const bytes = entries instanceof Uint8Array ? entries : tarOf(entries);
  using folder = testFolder({ "in/a.tar": zip ? gzipSync(bytes) : bytes });
  const { code } = await refusal(() => take(join(folder.dir, "in"), "a.tar"));
  // Whatever was in it: nothing was written anywhere, not even beside it.
  expect(fs.readdirSync(folder.dir, { recursive: true })).toEqual(["in", "in/a.tar"]);
  return code === "nothing" ? "taken" : code;
}

const file = (path: string, more: Partial<TarEntry> = {}): TarEntry => ({
  path,
  text: "x",
  ...more,
});
const deep = Array.from({ length: LIMITS.treeDepth + 1 }, (_, i) => `d${i}`).join("/");
const many = Array.from({ length: LIMITS.treeFiles + 1 }, (_, i) =>
  file(`pdf/f${i}`, { text: "" }),
);
const big = "x".repeat(LIMITS.treeBytes / 4);

/** Archives that are not installed, each with the refusal. */
const EVIL: readonly (readonly [
  what: string,
  entries: readonly TarEntry[] | Uint8Array,
  code: string,
])[] = [
  ["a path that climbs", [SKILL, file("pdf/../../evil")], "install.path"],
  ["a path that climbs out of the top", [SKILL, file("../evil")], "install.path"],
  ["a path from the root", [SKILL, file("/etc/evil")], "install.path"],
  ["a path of another system", [SKILL, file("pdf\\..\\evil")], "install.path"],
  ["an empty part in a path", [SKILL, file("pdf//evil")], "install.path"],
  ["a dot in a path", [SKILL, file("pdf/./evil")], "install.path"],
  ["a folder that climbs", [SKILL, { path: "../evil/", type: "5" }], "install.path"],
  [
    "a long name that climbs",
    [SKILL, { path: "x", type: "L", text: "pdf/../../evil" }, file("a")],
    "install.path",
  ],
  ["a pax name that climbs", [SKILL, paxOf({ path: "../evil" }), file("a")], "install.path"],
  ["a pax name from the root", [SKILL, paxOf({ path: "/etc/evil" }), file("a")], "install.path"],
  [
    "a symbolic link",
    [SKILL, file("pdf/l", { type: "2", link: "/etc/passwd", text: "" })],
    "install.link",
  ],
  [
    "a hard link",
    [SKILL, file("pdf/l", { type: "1", link: "pdf/SKILL.md", text: "" })],
    "install.link",
  ],
  [
    "a link, then a file through it",
    [SKILL, file("pdf/l", { type: "2", link: "/tmp", text: "" }), file("pdf/l/evil")],
    "install.link",
  ],
  ["a device", [SKILL, file("pdf/d", { type: "3", text: "" })], "install.special"],
  ["a block device", [SKILL, file("pdf/d", { type: "4", text: "" })], "install.special"],
  ["a pipe", [SKILL, file("pdf/p", { type: "6", text: "" })], "install.special"],
  ["a file that runs as its owner", [SKILL, file("pdf/s", { mode: 0o4755 })], "install.setuid"],
  ["a file that runs as its group", [SKILL, file("pdf/s", { mode: 0o2755 })], "install.setuid"],
  ["a name that ends with a space", [SKILL, file("pdf/a ")], "install.name"],
  ["a name with two spaces in a row", [SKILL, file("pdf/a  b")], "install.name"],
  ["a name too long", [SKILL, file(`pdf/${"a ".repeat(64)}b`)], "install.name"],
  ["a name that looks like another", [SKILL, file("pdf/\u0430.md")], "install.name"],
  ["a name with a line break", [SKILL, file("pdf/a\nb")], "install.name"],
  ["two names in another case", [SKILL, file("pdf/A.md"), file("pdf/a.md")], "install.collision"],
  [
    "two names composed otherwise",
    [SKILL, file("pdf/\u00e9"), file("pdf/e\u0301")],
    "install.collision",
  ],
  ["one name twice", [SKILL, file("pdf/a"), file("pdf/a")], "install.collision"],
  ["a folder in another case", [SKILL, file("pdf/A/x"), file("pdf/a/y")], "install.collision"],
  ["a file where a folder is", [SKILL, file("pdf/a/b"), file("pdf/A")], "install.collision"],
  ["a folder too deep", [SKILL, file(`pdf/${deep}/x`)], "install.too_deep"],
  ["too many files", [SKILL, ...many], "install.too_many"],
  [
    "too many bytes",
    [SKILL, ...[1, 2, 3, 4, 5].map((i) => file(`pdf/${i}`, { text: big }))],
    "install.too_large",
  ],
  ["a bad checksum", [SKILL, file("pdf/a", { badSum: true })], "install.bad_archive"],
  [
    "a size that is no number",
    [SKILL, file("pdf/a", { size: "99999999999" })],
    "install.bad_archive",
  ],
  ["a size beyond its end", [SKILL, file("pdf/a", { size: "77777777777" })], "install.bad_archive"],
  [
    "a size beyond all numbers",
    [SKILL, file("pdf/a", { size: "\u00ff".repeat(12) })],
    "install.bad_archive",
  ],
  ["a kind nobody knows", [SKILL, file("pdf/a", { type: "Z" })], "install.bad_archive"],
  [
    "a sparse file",
    [SKILL, paxOf({ "GNU.sparse.major": "1" }), file("pdf/a")],
    "install.bad_archive",
  ],
  [
    "a broken pax header",
    [SKILL, { path: "p", type: "x", text: "9999 path=a\n" }, file("pdf/a")],
    "install.bad_archive",
  ],
  [
    "one name for all files",
    [SKILL, { ...paxOf({ path: "a" }), type: "g" }, file("pdf/a")],
    "install.bad_archive",
  ],
  ["no end", tarOf([SKILL], false), "install.bad_archive"],
  ["half a file", tarOf([SKILL], false).subarray(0, 600), "install.bad_archive"],
  ["nothing", new Uint8Array(), "install.bad_archive"],
  ["a text", Buffer.from("no archive at all ".repeat(100)), "install.bad_archive"],
  ["no skill", [file("pdf/README.md")], "install.no_skill"],
  ["two skills", [SKILL, { ...SKILL, path: "other/SKILL.md" }], "install.which"],
  [
    "a head that cannot be read",
    [{ ...SKILL, text: "---\nname: PDF!\n---\n" }],
    "manifest.invalid",
  ],
];

for (const [what, entries, code] of EVIL) {
  test(`an archive with ${what} is ${code}`, async () => {
    expect(await archive(entries)).toBe(code);
  });
}

test("an archive is unpacked only as far as the limit", async () => {
  const bomb = Buffer.alloc(400 * 1024 * 1024);
  expect(await archive(gzipSync(bomb, { level: 1 }))).toBe("install.too_large");
  expect(await archive(Buffer.concat([gzipSync(tarOf([SKILL])), Buffer.from("rest")]))).toBe(
    "install.bad_archive",
  );
});

test("every refusal has a case", () => {
  const codes = new Set(EVIL.map(([, , code]) => code));
  expect(Object.keys(REFUSALS).filter((code) => !codes.has(code))).toEqual([]);
});

describe("what is plain is taken", () => {
  test("from archives of every common kind", async () => {
    const nested = `pdf/${"long-name-".repeat(9)}/${"x".repeat(60)}.md`;
    using folder = testFolder({
      "pdf/SKILL.md": HEAD,
      "pdf/scripts/run.sh": "echo\n",
      [nested]: "long\n",
    });
    fs.chmodSync(join(folder.dir, "pdf/scripts/run.sh"), 0o755);
    const { hash } = await take(folder.dir, "pdf");
    for (const format of ["ustar", "gnu", "pax"]) {
      for (const zip of ["", "z"]) {
        const name = `${format}${zip}.tar`;
        execFileSync("tar", [`-c${zip}f`, name, `--format=${format}`, "pdf"], { cwd: folder.dir });
        const taken = await take(folder.dir, name);
        expect([format, zip, taken.hash, taken.from]).toEqual([format, zip, hash, name]);
        expect(taken.files.map(({ path, runs }) => [path, runs])).toContainEqual([
          "scripts/run.sh",
          true,
        ]);
      }
    }
  });

  test("from the folder named, whatever lies beside it", async () => {
    using folder = testFolder({
      "repo/skills/pdf/SKILL.md": HEAD,
      "repo/skills/doc/SKILL.md": HEAD.replace("pdf", "doc"),
      "repo/.git/config": "[core]\n",
      "repo/skills/pdf/.git/config": "[core]\n",
      "repo/bad name": "x",
    });
    fs.symlinkSync("/etc/passwd", join(folder.dir, "repo/link"));
    expect((await refusal(() => take(folder.dir, "repo"))).code).toBe("install.which");
    expect((await refusal(() => take(folder.dir, "repo", "../.."))).code).toBe("install.which");
    const taken = await take(folder.dir, "repo", "skills/pdf/");
    expect([taken.head.name, taken.files.map(({ path }) => path)]).toEqual(["pdf", ["SKILL.md"]]);
    expect((await take(folder.dir, "repo/skills/pdf", ".")).hash).toBe(taken.hash);
  });

  test("a skill with nothing but its text, of any maker", async () => {
    using folder = testFolder({
      "brand/SKILL.md":
        "---\nname: brand\ndescription: Applies colours.\nlicense: MIT\nallowed-tools: Read, Bash(git:*)\nmetadata:\n  version: 1.0\n---\n# Colours\n",
      "brand/reference/forms.md": "# Forms\n",
      "brand/assets/Our Own Letter.md": "# Letter\n",
    });
    const taken = await take(folder.dir, "brand");
    expect([taken.head.name, taken.manifest.scopes]).toEqual(["brand", []]);
  });
});

/** Folders that are not installed. */
const FOLDERS: readonly (readonly [what: string, make: (dir: string) => void, code: string])[] = [
  ["a link", (dir) => fs.symlinkSync("/etc/passwd", join(dir, "leak.txt")), "install.link"],
  ["a folder that is a link", (dir) => fs.symlinkSync("/etc", join(dir, "etc")), "install.link"],
  ["a pipe", (dir) => execFileSync("mkfifo", [join(dir, "pipe")]), "install.special"],
  [
    "a file that runs as its owner",
    (dir) => fs.chmodSync(join(dir, "SKILL.md"), 0o4755),
    "install.setuid",
  ],
  [
    "a name that begins with a space",
    (dir) => fs.writeFileSync(join(dir, " b"), ""),
    "install.name",
  ],
  [
    "a folder too deep",
    (dir) => fs.mkdirSync(join(dir, deep), { recursive: true }),
    "install.too_deep",
  ],
  [
    "too many bytes",
    (dir) => fs.writeFileSync(join(dir, "big"), Buffer.alloc(LIMITS.treeBytes)),
    "install.too_large",
  ],
];

for (const [what, make, code] of FOLDERS) {
  test(`a folder with ${what} is ${code}`, async () => {
    using folder = testFolder({ "pdf/SKILL.md": HEAD });
    make(join(folder.dir, "pdf"));
    expect((await refusal(() => take(folder.dir, "pdf"))).code).toBe(code);
  });
}

test("what is not there, and a link in place of a skill's folder", async () => {
  using folder = testFolder({ "real/SKILL.md": HEAD, "repo/README.md": "" });
  expect((await refusal(() => take(folder.dir, "nowhere"))).code).toBe("install.not_found");
  fs.symlinkSync("../real", join(folder.dir, "repo/pdf"));
  expect((await refusal(() => take(folder.dir, "repo"))).code).toBe("install.no_skill");
  expect((await refusal(() => take(folder.dir, "repo", "pdf"))).code).toBe("install.no_skill");
});

test("no bytes make the reader do anything but read or refuse", () => {
  const good = tarOf([SKILL, file("pdf/a"), paxOf({ path: "pdf/b" }), file("x")]);
  const edit = fc.tuple(fc.nat(good.length - 1), fc.nat(255));
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 8 }), (edits) => {
      const bytes = Buffer.from(good);
      for (const [at, byte] of edits) bytes[at] = byte;
      try {
        for (const { path, content } of readTar(bytes)) {
          expect(path.split("/").some((part) => part === ".." || part === "")).toBe(false);
          expect(content.length).toBeLessThanOrEqual(good.length);
        }
      } catch (error) {
        expect((error as { code?: string }).code).toMatch(/^install\./u);
      }
    }),
    { numRuns: 2_000 },
  );
});
