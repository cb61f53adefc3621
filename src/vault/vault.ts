import { createHash } from "node:crypto";
import * as fs from "node:fs";
import { join } from "node:path";
import { codeOf, messageOf, NanosError } from "../std/error.ts";
import { sha256 } from "../std/hash.ts";
import { LIMITS } from "../std/limits.ts";

/**
 * The vault: contents by their SHA-256, each a file of its own. What is put stays as it was; there
 * is no way to change it here, and it goes only where it is to be forgotten.
 *
 *     DIR/ab/ab12…   one content        DIR/new/   what is being written
 *     DIR/total      bytes held, a hint that is counted anew when it is missing
 */
export interface Vault {
  /**
   * Keeps a content and returns its hash; when this returns, it is on disk. Putting it again is
   * free, and repairs a copy that was damaged.
   *
   * @throws NanosError `vault.item_too_large`, `vault.full`, `vault.read_only`, `vault.disk`.
   */
  put(content: Uint8Array | string): string;
  /**
   * The content with this hash, or null when it is not there.
   *
   * @throws NanosError `vault.tampered` when what is there is something else, `vault.disk`.
   */
  get(hash: string): Uint8Array | null;
  /** True when there is a file for the hash; `get` says whether it is whole. */
  has(hash: string): boolean;
  /** Takes a content away for good, as what is forgotten has to go; gives whether it was there. */
  remove(hash: string): boolean;
  /** Reads everything and names the first file that is not what its name says. */
  verify(): VaultVerified;
}

export type VaultVerified =
  | { readonly ok: true; readonly count: number }
  /** `hash` is the file's name; `why` one sentence. */
  | { readonly ok: false; readonly hash: string; readonly why: string };

/** Opens the vault in `dir`, absolute; nothing is made before the first `put`. */
export function openVault(dir: string, limits: { readonly bytes?: number } = {}): Vault {
  const maxBytes = limits.bytes ?? LIMITS.vaultBytes;
  let writes = 0;
  const isWhole = wholeOnes(dir);
  const vault: Vault = {
    put(content) {
      const bytes = typeof content === "string" ? Buffer.from(content, "utf8") : content;
      if (bytes.length > LIMITS.vaultItemBytes) throw itemTooLarge(bytes.length);
      const hash = sha256(bytes);
      if (isWhole(hash)) return hash;
      try {
        if (writes === 0) tidyUp(dir);
        const total = totalOf(dir) + bytes.length;
        if (total > maxBytes) throw full(`it may hold ${maxBytes} bytes`);
        writes += 1;
        write(dir, hash, bytes, `${process.pid}-${writes}`);
        saveTotal(dir, total);
      } catch (error) {
        throw vaultFailure(error, dir);
      }
      return hash;
    },
    get(hash) {
      const bytes = read(dir, hash);
      if (bytes === null || sha256(bytes) === hash) return bytes;
      throw new NanosError(
        "vault.tampered",
        `The content ${hash} in the vault is not what was put there.`,
        "Restore the file from a backup; `nanos trace verify` names every such file in turn.",
      );
    },
    has: (hash) => HASH.test(hash) && fs.existsSync(pathOf(dir, hash)),
    remove: (hash) => {
      if (!vault.has(hash)) return false;
      fs.rmSync(pathOf(dir, hash), { force: true });
      // Counted anew when something is put next.
      fs.rmSync(join(dir, "total"), { force: true });
      return true;
    },
    verify: () => verify(dir),
  };
  return vault;
}

const HASH = /^[0-9a-f]{64}$/u;
const CHUNK_BYTES = 1024 * 1024;

function pathOf(dir: string, hash: string): string {
  return join(dir, hash.slice(0, 2), hash);
}

function read(dir: string, hash: string): Uint8Array | null {
  // A hash may come from a record somebody changed; it must not become another path.
  if (!HASH.test(hash)) return null;
  try {
    return fs.readFileSync(pathOf(dir, hash));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw vaultFailure(error, dir);
  }
}

/** Tells which contents are whole. A file that is still the one that was read is not read again. */
function wholeOnes(dir: string): (hash: string) => boolean {
  const read = new Map<string, string>();
  return (hash) => {
    const path = pathOf(dir, hash);
    try {
      const mark = markOf(path);
      if (read.get(hash) === mark) return true;
      if (hashOfFile(path) !== hash) return false;
      if (read.size >= LIMITS.vaultMarks) read.clear();
      read.set(hash, mark);
      return true;
    } catch {
      return false;
    }
  };
}

/** Tells one content of a file from the next, unread. @throws where there is none. */
function markOf(path: string): string {
  const { ino, size, mtimeNs, ctimeNs } = fs.lstatSync(path, { bigint: true });
  return `${ino} ${size} ${mtimeNs} ${ctimeNs}`;
}

/** Whole under another name first: the final name appears with its content or not at all. */
function write(dir: string, hash: string, bytes: Uint8Array, name: string): void {
  const bucket = join(dir, hash.slice(0, 2));
  const fresh = join(dir, "new", name);
  // Node calls a read-only disk ENOENT when it makes folders; asked this way it says its name.
  if (fs.existsSync(dir)) fs.accessSync(dir, fs.constants.W_OK);
  const isNew = fs.mkdirSync(bucket, { recursive: true, mode: 0o700 }) !== undefined;
  fs.mkdirSync(join(dir, "new"), { recursive: true, mode: 0o700 });
  try {
    const fd = fs.openSync(fresh, "w", 0o600);
    try {
      fs.writeFileSync(fd, bytes);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(fresh, join(bucket, hash));
  } catch (error) {
    fs.rmSync(fresh, { force: true });
    throw error;
  }
  syncDir(bucket);
  if (isNew) syncDir(dir);
}

function syncDir(dir: string): void {
  const fd = fs.openSync(dir, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Removes what processes that are gone had begun to write. */
function tidyUp(dir: string): void {
  for (const name of namesIn(join(dir, "new"))) {
    if (!isAlive(Number.parseInt(name, 10))) fs.rmSync(join(dir, "new", name), { force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return pid !== process.pid;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** Bytes held. Two writers at once may lose one from the count; `verify` counts anew. */
function totalOf(dir: string): number {
  const text = readText(join(dir, "total"));
  return /^\d{1,15}$/u.test(text) ? Number(text) : countTotal(dir);
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, "utf8");
  } catch {
    return "";
  }
}

function countTotal(dir: string): number {
  let total = 0;
  for (const file of filesOf(dir)) {
    total += fs.statSync(file.path, { throwIfNoEntry: false })?.size ?? 0;
  }
  return total;
}

function saveTotal(dir: string, total: number): void {
  const fresh = join(dir, "new", `${process.pid}-total`);
  fs.writeFileSync(fresh, String(total), { mode: 0o600 });
  fs.renameSync(fresh, join(dir, "total"));
}

function verify(dir: string): VaultVerified {
  let count = 0;
  let total = 0;
  for (const { path, name, bucket } of filesOf(dir)) {
    const bad = (what: string): VaultVerified => ({
      ok: false,
      hash: name,
      why: `The file ${bucket}/${name} of the vault ${what}.`,
    });
    if (!HASH.test(name)) return bad("is not named by a hash");
    if (!name.startsWith(bucket)) return bad("lies in the wrong folder");
    try {
      if (hashOfFile(path) !== name) return bad("is not what was put there");
      total += fs.statSync(path).size;
    } catch (error) {
      return bad(`cannot be read: ${messageOf(error)}`);
    }
    count += 1;
  }
  recount(dir, total);
  return { ok: true, count };
}

/** A hint that does not fit is put right where that is possible. */
function recount(dir: string, total: number): void {
  const text = readText(join(dir, "total"));
  if (text === "" || text === String(total)) return;
  try {
    saveTotal(dir, total);
  } catch {
    // A vault that may not be written is not going to grow either.
  }
}

/** Every file of the vault, by folder and name. Names that begin with a dot are not its own. */
function* filesOf(
  dir: string,
): Generator<{ readonly path: string; readonly name: string; readonly bucket: string }> {
  for (const bucket of namesIn(dir).filter((name) => /^[0-9a-f]{2}$/u.test(name))) {
    for (const name of namesIn(join(dir, bucket))) {
      if (!name.startsWith(".")) yield { path: join(dir, bucket, name), name, bucket };
    }
  }
}

function namesIn(dir: string): readonly string[] {
  try {
    return fs.readdirSync(dir).toSorted();
  } catch {
    return [];
  }
}

/** SHA-256 of a file, read in parts: a content may be larger than memory should be asked for. */
function hashOfFile(path: string): string {
  const fd = fs.openSync(path, fs.constants.O_RDONLY | (fs.constants.O_NOFOLLOW ?? 0));
  try {
    const hash = createHash("sha256");
    const part = Buffer.alloc(Math.min(CHUNK_BYTES, Math.max(1, fs.fstatSync(fd).size)));
    for (;;) {
      const read = fs.readSync(fd, part, 0, part.length, null);
      if (read === 0) return hash.digest("hex");
      hash.update(part.subarray(0, read));
    }
  } finally {
    fs.closeSync(fd);
  }
}

function itemTooLarge(bytes: number): NanosError {
  return new NanosError(
    "vault.item_too_large",
    `A content of ${bytes} bytes is more than the ${LIMITS.vaultItemBytes} the vault takes.`,
    "Leave this file out of the step, or make it smaller.",
  );
}

function full(why: string, cause?: unknown): NanosError {
  return new NanosError(
    "vault.full",
    `The vault cannot grow: ${why}.`,
    "Free space on the disk of the home, or go on with a new home: --home DIR",
    cause,
  );
}

function vaultFailure(error: unknown, dir: string): unknown {
  if (error instanceof NanosError) return error;
  const code = codeOf(error);
  if (["ENOSPC", "EDQUOT", "EFBIG"].includes(code)) return full("the disk is full", error);
  if (["EROFS", "EACCES", "EPERM"].includes(code)) {
    return new NanosError(
      "vault.read_only",
      `The vault in ${dir} cannot be written (${code}).`,
      "Make the home's folder writable for you, or use another one: --home DIR",
      error,
    );
  }
  if (code === "") return error;
  return new NanosError(
    "vault.disk",
    `The disk refused to keep the vault in ${dir} (${code}).`,
    "Check the disk of the home, then try again",
    error,
  );
}
