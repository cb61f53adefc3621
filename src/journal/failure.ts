import { codeOf, messageOf, NanosError } from "../std/error.ts";

/**
 * What a failing database or disk means to a person. Everything the journal throws for a reason
 * outside the program passes here once.
 *
 * - `journal.full`: the disk, the quota or the journal's own limit is used up.
 * - `journal.read_only`: the home may not be written.
 * - `journal.damaged`: the file is no longer what SQLite wrote.
 * - `journal.busy`: another process did not let go of the file in time.
 * - `journal.disk`: anything else the disk refused.
 */
export function journalFailure(error: unknown, where: string): unknown {
  const code = failureCode(error);
  if (code === null) return error;
  const name = `journal.${code}` as const;
  const [message, next] = SAYS[name];
  const said = messageOf(error);
  return new NanosError(name, `${message} (${where}: ${said}).`, next, error);
}

/** True when `error` says that the file's content is not to be trusted. */
export function isDamage(error: unknown): boolean {
  return failureCode(error) === "damaged";
}

/** True when a statement does not fit the tables it names. */
export function isWrongTable(error: unknown): boolean {
  return primaryCode(error) === 1;
}

type Code = "full" | "read_only" | "damaged" | "busy" | "disk";

const SAYS: Readonly<Record<`journal.${Code}`, readonly [message: string, next: string]>> = {
  "journal.full": [
    "The journal cannot grow: the disk or the journal's limit is full",
    "Free space on the disk of the home, or go on with a new home: --home DIR",
  ],
  "journal.read_only": [
    "The journal cannot be written",
    "Make the home's folder writable for you, or use another one: --home DIR",
  ],
  "journal.damaged": [
    "The journal's file is damaged",
    "Keep a copy of the home, then restore the journal from a backup or use another home: --home DIR",
  ],
  "journal.busy": [
    "Another process holds the journal",
    "Wait until it is done, or end it, and try again",
  ],
  "journal.disk": ["The disk refused", "Check the disk of the home, then try again"],
};

/** SQLite's primary result codes: https://www.sqlite.org/rescode.html */
const SQLITE: Readonly<Record<number, Code>> = {
  5: "busy",
  6: "busy",
  8: "read_only",
  10: "disk",
  11: "damaged",
  13: "full",
  14: "disk",
  26: "damaged",
};

const SYSTEM: Readonly<Record<string, Code>> = {
  ENOSPC: "full",
  EDQUOT: "full",
  EFBIG: "full",
  EROFS: "read_only",
  EACCES: "read_only",
  EPERM: "read_only",
  EIO: "disk",
  EMFILE: "disk",
  ENFILE: "disk",
  ENOTDIR: "disk",
  EISDIR: "disk",
  EEXIST: "disk",
  ENOENT: "disk",
  ELOOP: "disk",
  ENAMETOOLONG: "disk",
};

function failureCode(error: unknown): Code | null {
  if (error instanceof NanosError) return null;
  if (codeOf(error) !== "ERR_SQLITE_ERROR") return SYSTEM[codeOf(error)] ?? null;
  return SQLITE[primaryCode(error)] ?? null;
}

/** SQLite's result code without what refines it; 0 when the error is not SQLite's. */
export function primaryCode(error: unknown): number {
  if (codeOf(error) !== "ERR_SQLITE_ERROR") return 0;
  return Number((error as { readonly errcode?: unknown }).errcode) & 0xff;
}
