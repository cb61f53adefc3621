import * as fs from "node:fs";
import { AT_FDCWD, attempt, call, O, text } from "./native.ts";

/**
 * Changing what the system knows of a file and not what is in it. None of this opens it for
 * writing, which is what Landlock looks at.
 */
export const CHANGING = {
  mode: (path: string) => {
    attempt("chmod", () => fs.chmodSync(path, 0o777));
    attempt("fchmod", () => fs.fchmodSync(fs.openSync(path, "r"), 0o777));
    attempt("fchmodat2", () => call("fchmodat2", AT_FDCWD, text(path), 0o777, 0));
    attempt("by a descriptor", () =>
      fs.chmodSync(`/proc/self/fd/${call("openat", AT_FDCWD, text(path), O.path)}`, 0o777),
    );
    const AT_EMPTY_PATH = 0x1000;
    attempt("by an empty path", () => {
      const fd = call("openat", AT_FDCWD, text(path), O.path);
      return call("fchmodat2", fd, text(""), 0o777, AT_EMPTY_PATH);
    });
  },
  owner: (path: string, id: string) => {
    // To the user it has: an owner may do that, and it shows in the file all the same.
    const user = Number(id);
    attempt("chown", () => fs.chownSync(path, user, user));
    attempt("lchown", () => fs.lchownSync(path, user, user));
    attempt("fchown", () => fs.fchownSync(fs.openSync(path, "r"), user, user));
    attempt("fchownat", () => call("fchownat", AT_FDCWD, text(path), user, user, 0));
  },
  times: (path: string) => {
    attempt("utimes", () => fs.utimesSync(path, 1, 1));
    attempt("lutimes", () => fs.lutimesSync(path, 1, 1));
    attempt("futimes", () => fs.futimesSync(fs.openSync(path, "r"), 1, 1));
    attempt("now", () => call("utimensat", AT_FDCWD, text(path), 0, 0));
    attempt("now, by a descriptor", () => call("utimensat", fs.openSync(path, "r"), 0, 0, 0));
  },
  attributes: (path: string) => {
    const [name, value] = [text("user.other"), text("escaped")];
    attempt("setxattr", () => call("setxattr", text(path), name, value, 7, 0));
    attempt("lsetxattr", () => call("lsetxattr", text(path), name, value, 7, 0));
    attempt("fsetxattr", () => call("fsetxattr", fs.openSync(path, "r"), name, value, 7, 0));
    attempt("removexattr", () => call("removexattr", text(path), text("user.nanos")));
  },
  flags: (path: string) => {
    // "Not in backups": what an owner may set without any privilege.
    const NODUMP = 0x40n;
    const [FS_IOC_GETFLAGS, FS_IOC_SETFLAGS] = [0x8008_6601, 0x4008_6602];
    attempt("set flags", () => {
      const flags = new BigUint64Array(1);
      call("ioctl", fs.openSync(path, "r"), FS_IOC_GETFLAGS, flags);
      flags[0] = (flags[0] ?? 0n) | NODUMP;
      return call("ioctl", fs.openSync(path, "r"), FS_IOC_SETFLAGS, flags);
    });
    const FS_IOC_FSSETXATTR = 0x401c_5820;
    const attributes = new Uint32Array([0x80, 0, 0, 0, 0, 0, 0]);
    attempt("set attributes", () =>
      call("ioctl", fs.openSync(path, "r"), FS_IOC_FSSETXATTR, attributes),
    );
    // What every file system answers, to a caller that gets that far.
    const FS_IOC_GETVERSION = 0x8008_7601;
    attempt("reach the file system", () =>
      call("ioctl", fs.openSync(path, "r"), FS_IOC_GETVERSION, new BigUint64Array(1)),
    );
  },
  lease: async (path: string) => {
    const F_SETLEASE = 1024;
    const READ = 0;
    attempt("lease", () => call("fcntl", fs.openSync(path, "r"), F_SETLEASE, READ));
    await Bun.sleep(300);
  },
  lock: async (path: string) => {
    const EXCLUSIVE = 2;
    attempt("flock", () => call("flock", fs.openSync(path, "r"), EXCLUSIVE));
    await Bun.sleep(400);
  },
  look: (path: string) => {
    attempt("stat", () => {
      const { size, mode } = fs.statSync(path);
      return `${size} bytes, mode ${mode.toString(8)}`;
    });
  },
  "look-link": (path: string) => {
    attempt("readlink", () => fs.readlinkSync(path));
  },
} as const;
