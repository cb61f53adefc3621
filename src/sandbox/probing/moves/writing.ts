import { Database } from "bun:sqlite";
import * as fs from "node:fs";
import { dirname } from "node:path";
import { AT_FDCWD, attempt, attemptSoon, call, O, text } from "./native.ts";

const ESCAPED = "escaped";

/** Changing what lies outside, or leaving something there. Judged by the state of the files. */
export const WRITING = {
  write: writeFile,
  swap: (path: string, folder: string) => {
    const mine = `${folder}/mine`;
    attempt("prepare", () => fs.writeFileSync(mine, ESCAPED));
    attempt("rename away", () => fs.renameSync(path, `${folder}/taken`));
    attempt("rename over", () => fs.renameSync(mine, path));
    attempt("rename the folder", () => fs.renameSync(dirname(path), `${dirname(path)}-moved`));
    const EXCHANGE = 2;
    for (const [from, to] of [
      [path, mine],
      [mine, path],
    ] as const) {
      attempt("exchange", () =>
        call("renameat2", AT_FDCWD, text(from), AT_FDCWD, text(to), EXCHANGE),
      );
    }
  },
  "link-write": (path: string, folder: string) => {
    attempt("own link", () => {
      fs.symlinkSync(path, `${folder}/through`);
      fs.writeFileSync(`${folder}/through`, ESCAPED);
    });
    attempt("link to the folder", () => {
      fs.symlinkSync(dirname(path), `${folder}/folder`);
      fs.writeFileSync(`${folder}/folder/made`, ESCAPED);
    });
    attempt("hard link", () => {
      fs.linkSync(path, `${folder}/linked`);
      fs.writeFileSync(`${folder}/linked`, ESCAPED);
    });
    attempt("hard link outward", () => {
      fs.writeFileSync(`${folder}/inner`, ESCAPED);
      fs.linkSync(`${folder}/inner`, `${path}.linked`);
    });
  },
  nameless: (path: string, folder: string) => {
    for (const place of [dirname(path), folder]) {
      attempt(`file without a name in ${place === folder ? "its own folder" : "another"}`, () => {
        const fd = call("openat", AT_FDCWD, text(place), O.tmpfile | O.rdwr, 0o600);
        call("write", fd, text(ESCAPED), ESCAPED.length);
        const AT_EMPTY_PATH = 0x1000;
        return call("linkat", fd, text(""), AT_FDCWD, text(`${path}.named`), AT_EMPTY_PATH);
      });
    }
  },
  "through-read": (path: string) => {
    const open = (): number => call("openat", AT_FDCWD, text(path), 0);
    const escaped = text(ESCAPED);
    attempt("write", () => call("write", open(), escaped, ESCAPED.length));
    attempt("ftruncate", () => fs.ftruncateSync(open(), 0));
    const PUNCH_HOLE_KEEP_SIZE = 3;
    attempt("punch a hole", () => call("fallocate", open(), PUNCH_HOLE_KEEP_SIZE, 0, 4));
    const [READ_WRITE, SHARED] = [3, 1];
    attempt("map", () => call("mmap", 0, 4_096, READ_WRITE, SHARED, open(), 0));
    attempt("copy range", () => call("copy_file_range", open(), 0, open(), 0, 4, 0));
    attempt("open it anew", () => fs.writeFileSync(`/proc/self/fd/${open()}`, ESCAPED));
    attempt("empty it while opening", () => fs.openSync(path, fs.constants.O_TRUNC));
  },
  database: (path: string) => {
    attempt("open", () => insert(new Database(path), "main"));
    attempt("attach", () => {
      const memory = new Database(":memory:");
      memory.run(`ATTACH '${path}' AS other`);
      return insert(memory, "other");
    });
  },
  litter: async (name: string, ...folders: string[]) => {
    for (const folder of folders) {
      attempt(folder, () => fs.writeFileSync(`${folder}/${name}`, ESCAPED));
      attempt(`pipe in ${folder}`, () =>
        call("mknodat", AT_FDCWD, text(`${folder}/${name}`), 0o010600, 0),
      );
      await attemptSoon(`socket in ${folder}`, async () =>
        Bun.listen({ unix: `${folder}/${name}`, socket: { data: () => undefined } }).stop(),
      );
    }
  },
  settings: (...paths: string[]) => {
    for (const path of paths) attempt(path, () => fs.openSync(path, "r+"));
  },
  "leave-link": (path: string, folder: string) => {
    attempt("link out", () => fs.symlinkSync(path, `${folder}/out`));
  },
  "leave-pipe": (folder: string) => {
    attempt("mkfifo", () => call("mknodat", AT_FDCWD, text(`${folder}/pipe`), 0o010600, 0));
    attempt("device", () => call("mknodat", AT_FDCWD, text(`${folder}/zero`), 0o020666, 0x105));
  },
} as const;

async function writeFile(path: string): Promise<void> {
  attempt("writeFileSync", () => fs.writeFileSync(path, ESCAPED));
  attempt("appendFileSync", () => fs.appendFileSync(path, ESCAPED));
  await attemptSoon("writeFile", () => fs.promises.writeFile(path, ESCAPED));
  await attemptSoon("Bun.write", () => Bun.write(path, ESCAPED));
  attempt("create", () => fs.writeFileSync(`${path}.new`, ESCAPED));
  attempt("mkdir", () => fs.mkdirSync(`${path}.folder`));
  attempt("truncate", () => fs.truncateSync(path, 0));
  attempt("unlink", () => fs.unlinkSync(path));
  attempt("openat", () =>
    call("openat", AT_FDCWD, text(`${path}.native`), O.creat | O.wronly, 0o600),
  );
}

function insert(database: Database, schema: string): string {
  database.run(`CREATE TABLE ${schema}.left_here (value TEXT)`);
  return ESCAPED;
}
