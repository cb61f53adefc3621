import { describe, expect, test } from "bun:test";
import { execFileSync, spawn } from "node:child_process";
import * as fs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { NanosError } from "../std/error.ts";
import { sha256 } from "../std/hash.ts";
import { LIMITS } from "../std/limits.ts";
import { systemRandom } from "../std/random.ts";
import { openVault } from "./vault.ts";

async function inFolder(act: (dir: string) => Promise<void> | void): Promise<void> {
  const dir = fs.mkdtempSync(join(tmpdir(), "nanos-vault-"));
  try {
    await act(dir);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** A small disk of its own, where this machine lets us mount one. */
function onSmallDisk(act: (dir: string) => void): Promise<void> {
  return inFolder((dir) => {
    try {
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=300k", "tmpfs", dir], { stdio: "pipe" });
    } catch {
      process.stdout.write("not available: a small disk (run as root on Linux)\n");
      return;
    }
    try {
      act(dir);
    } finally {
      execFileSync("umount", ["-l", dir]);
    }
  });
}

function codeOf(act: () => unknown): string {
  try {
    return `no failure: ${JSON.stringify(act())}`;
  } catch (error) {
    return error instanceof NanosError ? error.code : String(error);
  }
}

function pathOf(dir: string, hash: string): string {
  return join(dir, hash.slice(0, 2), hash);
}

describe("the vault", () => {
  test("gives back any content by its hash, byte for byte", () =>
    inFolder((dir) => {
      const vault = openVault(dir);
      const kept = new Map<string, Uint8Array>();
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
          const hash = vault.put(bytes);
          expect(hash).toBe(sha256(bytes));
          kept.set(hash, bytes);
        }),
      );
      const again = openVault(dir);
      for (const [hash, bytes] of kept) {
        expect(again.has(hash)).toBe(true);
        expect(Buffer.from(again.get(hash)!).equals(bytes)).toBe(true);
      }
      expect(again.verify()).toEqual({ ok: true, count: kept.size });
    }));

  test("takes a text as UTF-8, and the same content once", () =>
    inFolder((dir) => {
      const vault = openVault(dir);
      const hash = vault.put("ünïcödé");
      expect(vault.put(Buffer.from("ünïcödé"))).toBe(hash);
      expect(Buffer.from(vault.get(hash)!).toString()).toBe("ünïcödé");
      expect(vault.verify()).toEqual({ ok: true, count: 1 });
      expect(fs.readFileSync(join(dir, "total"), "utf8")).toBe("11");
    }));

  test("makes nothing before the first put, and everything for the owner alone", () =>
    inFolder((parent) => {
      const dir = join(parent, "vault");
      const vault = openVault(dir);
      expect([vault.has("a".repeat(64)), vault.get("a".repeat(64))]).toEqual([false, null]);
      expect(vault.verify()).toEqual({ ok: true, count: 0 });
      expect(fs.existsSync(dir)).toBe(false);
      const hash = vault.put("x");
      const modes = [
        dir,
        join(dir, hash.slice(0, 2)),
        join(dir, "new"),
        pathOf(dir, hash),
        join(dir, "total"),
      ];
      expect(modes.map((path) => fs.statSync(path).mode & 0o777)).toEqual([
        0o700, 0o700, 0o700, 0o600, 0o600,
      ]);
      expect(fs.readdirSync(join(dir, "new"))).toEqual([]);
    }));

  test("a hash that is none leads nowhere", () =>
    inFolder((dir) => {
      const vault = openVault(join(dir, "vault"));
      vault.put("x");
      fs.writeFileSync(join(dir, "outside"), "secret");
      for (const hash of [
        "../outside",
        "",
        "..",
        "A".repeat(64),
        "a".repeat(63),
        `${"a".repeat(64)}\n`,
      ]) {
        expect([vault.has(hash), vault.get(hash)]).toEqual([false, null]);
      }
    }));
});

describe("damage", () => {
  const damaged = (name: string, act: (path: string, dir: string) => void, why: RegExp): void => {
    test(`${name} is found and named`, () =>
      inFolder((dir) => {
        const vault = openVault(dir);
        const [first, second] = [vault.put("one"), vault.put("two")];
        act(pathOf(dir, first), dir);
        const found = vault.verify();
        expect(found).toMatchObject({ ok: false });
        expect(found.ok ? "" : found.why).toMatch(why);
        expect(Buffer.from(vault.get(second)!).toString()).toBe("two");
      }));
  };
  damaged("a changed byte", (path) => fs.writeFileSync(path, "oné"), /is not what was put there/u);
  damaged("a cut file", (path) => fs.truncateSync(path, 1), /is not what was put there/u);
  damaged(
    "another name",
    (path, dir) => fs.renameSync(path, join(dir, "76", "76ffff")),
    /not named by a hash/u,
  );
  damaged(
    "another folder",
    (path, dir) => {
      fs.mkdirSync(join(dir, "00"));
      fs.renameSync(path, join(dir, "00", sha256("one")));
    },
    /in the wrong folder/u,
  );
  damaged(
    "a link",
    (path, dir) => {
      fs.renameSync(path, join(dir, "moved"));
      fs.symlinkSync(join(dir, "moved"), path);
    },
    /cannot be read/u,
  );
  damaged(
    "a folder in its place",
    (path) => {
      fs.rmSync(path);
      fs.mkdirSync(path);
    },
    /cannot be read/u,
  );

  test("any flipped bit of any content is found, and `get` does not give it out", () =>
    inFolder((dir) => {
      const vault = openVault(dir);
      const contents = ["a", "some text", "\0".repeat(50)].map((text) => Buffer.from(text));
      const hashes = contents.map((content) => vault.put(content));
      fc.assert(
        fc.property(fc.nat(contents.length - 1), fc.nat(), fc.nat(7), (which, at, bit) => {
          const content = Buffer.from(contents[which]!);
          const place = at % content.length;
          content[place] = content[place]! ^ (1 << bit);
          const path = pathOf(dir, hashes[which]!);
          fs.writeFileSync(path, content);
          expect(vault.verify()).toMatchObject({ ok: false, hash: hashes[which] });
          expect(codeOf(() => vault.get(hashes[which]!))).toBe("vault.tampered");
          fs.writeFileSync(path, contents[which]!);
        }),
      );
    }));

  test("is repaired by putting the content again", () =>
    inFolder((dir) => {
      const vault = openVault(dir);
      const hash = vault.put("one");
      // Also where this process has found it whole before.
      for (let times = 0; times < 3; times++) {
        fs.writeFileSync(pathOf(dir, hash), "not");
        for (let puts = 0; puts < 3; puts++) expect(vault.put("one")).toBe(hash);
        expect(vault.verify()).toEqual({ ok: true, count: 1 });
      }
    }));
});

describe("limits", () => {
  test("on everything together, counted over processes and repaired when the count is lost", () =>
    inFolder((dir) => {
      const vault = openVault(dir, { bytes: 1000 });
      vault.put(Buffer.alloc(600, 1));
      expect(codeOf(() => vault.put(Buffer.alloc(500, 2)))).toBe("vault.full");
      expect(vault.verify()).toEqual({ ok: true, count: 1 });
      expect(codeOf(() => openVault(dir, { bytes: 1000 }).put(Buffer.alloc(500, 3)))).toBe(
        "vault.full",
      );
      // What is there already needs no room.
      expect(vault.put(Buffer.alloc(600, 1))).toBe(sha256(Buffer.alloc(600, 1)));
      for (const count of ["", "no number", "-1"]) {
        fs.writeFileSync(join(dir, "total"), count);
        expect(codeOf(() => vault.put(Buffer.alloc(500, 2)))).toBe("vault.full");
      }
      fs.writeFileSync(join(dir, "total"), "1");
      vault.verify();
      expect(fs.readFileSync(join(dir, "total"), "utf8")).toBe("600");
      vault.put(Buffer.alloc(400, 4));
      expect(vault.verify()).toEqual({ ok: true, count: 2 });
    }));

  test(
    "on one content",
    () =>
      inFolder((dir) => {
        const huge = Buffer.alloc(LIMITS.vaultItemBytes + 1);
        expect(codeOf(() => openVault(dir).put(huge))).toBe("vault.item_too_large");
      }),
    30_000,
  );

  test("of the disk: fails by name, leaves nothing, works again", () =>
    onSmallDisk((dir) => {
      const vault = openVault(join(dir, "vault"));
      const small = vault.put("small");
      expect(codeOf(() => vault.put(Buffer.alloc(400_000, 1)))).toBe("vault.full");
      expect(fs.readdirSync(join(dir, "vault", "new"))).toEqual([]);
      expect(vault.verify()).toEqual({ ok: true, count: 1 });
      vault.put(Buffer.alloc(50_000, 2));
      execFileSync("mount", ["-o", "remount,ro", dir]);
      expect(codeOf(() => vault.put("more"))).toBe("vault.read_only");
      expect(Buffer.from(vault.get(small)!).toString()).toBe("small");
      expect(vault.verify()).toEqual({ ok: true, count: 2 });
    }));

  test("of a place that is no folder", () =>
    inFolder((dir) => {
      fs.writeFileSync(join(dir, "file"), "");
      const vault = openVault(join(dir, "file"));
      expect(codeOf(() => vault.put("x"))).toBe("vault.disk");
      expect(codeOf(() => vault.get("a".repeat(64)))).toBe("vault.disk");
    }));
});

describe("killed at any moment", () => {
  const writer = `
    import { openVault } from ${JSON.stringify(join(import.meta.dirname, "vault.ts"))};
    const vault = openVault(process.argv[1]);
    for (let i = 0; ; i++) console.log(vault.put(process.argv[2] + " " + "x".repeat(i * 997 % 90000)));
  `;

  test(
    "what was put is there whole, and what was begun is removed",
    () =>
      inFolder(async (dir) => {
        const kept = new Set<string>();
        for (let round = 0; round < 12; round++) {
          const child = spawn(process.execPath, ["-e", writer, dir, String(round)]);
          let out = "";
          child.stdout.on("data", (data) => {
            const delay = Number.parseInt(systemRandom.hex(1), 16) / 6;
            if (out === "") setTimeout(() => child.kill("SIGKILL"), delay);
            out += String(data);
          });
          await new Promise((resolve) => child.on("close", resolve));
          for (const hash of out.split("\n").slice(0, -1)) kept.add(hash);
          const vault = openVault(dir);
          expect(vault.verify()).toMatchObject({ ok: true });
          for (const hash of kept) expect(vault.has(hash)).toBe(true);
        }
        expect(kept.size).toBeGreaterThan(12);
        openVault(dir).put("the next one tidies up");
        expect(fs.readdirSync(join(dir, "new"))).toEqual([]);
      }),
    60_000,
  );
});
