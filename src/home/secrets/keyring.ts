import { existsSync } from "node:fs";
import { LIMITS } from "../../std/limits.ts";
import { type Brief, runBriefly } from "../../sandbox/process/child.ts";

/**
 * The keyring of the operating system, spoken to by the system's own program: the Secret Service of
 * a Linux desktop by `secret-tool`, the keychain of macOS by `security`. It keeps one key for each
 * home. The key travels over standard streams and is never an argument.
 */
export interface Keyring {
  /** As people know it. */
  readonly name: string;
  /** The key kept for a home, 64 hex digits; null when there is none or the keyring stays locked. */
  get(home: string): string | null;
  /** False when it could not be kept. */
  put(home: string, key: string): boolean;
  clear(home: string): void;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The keyring of this machine; null when it has none that could be reached. */
export function findKeyring(env: Environment): Keyring | null {
  if (process.platform === "darwin") return existsSync(SECURITY) ? keychain(env) : null;
  if (process.platform !== "linux") return null;
  const tool = SECRET_TOOLS.find((path) => existsSync(path));
  // Without a session bus there is nobody to ask, and asking would only wait.
  return tool !== undefined && env["DBUS_SESSION_BUS_ADDRESS"] ? secretService(tool, env) : null;
}

const SECRET_TOOLS = ["/usr/bin/secret-tool", "/usr/local/bin/secret-tool"];
const SECURITY = "/usr/bin/security";

function secretService(tool: string, env: Environment): Keyring {
  const run = (args: readonly string[], input = ""): string | null =>
    answer([tool, ...args], { env: some(env, SESSION), input });
  return {
    name: "the Secret Service",
    get: (home) => keyIn(run(["lookup", "service", "nanos", "home", home])),
    put: (home, key) =>
      run(["store", "--label=nanos secrets", "service", "nanos", "home", home], key) !== null,
    clear: (home) => void run(["clear", "service", "nanos", "home", home]),
  };
}

/** What a program of the desktop needs to find its bus and to show its question. */
const SESSION = [
  ...["DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR", "HOME"],
  ...["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "LANG"],
];

function keychain(env: Environment): Keyring {
  const run = (args: readonly string[], input = ""): string | null =>
    answer([SECURITY, ...args], { env: some(env, ["HOME", "LANG"]), input });
  return {
    name: "the keychain",
    get: (home) => keyIn(run(["find-generic-password", "-s", "nanos", "-a", home, "-w"])),
    // Commands on standard input: an argument could be seen by every process.
    put: (home, key) => {
      const command = `add-generic-password -U -s nanos -a ${home} -w ${key}\n`;
      return run(["-i"], command) !== null;
    },
    clear: (home) => void run(["delete-generic-password", "-s", "nanos", "-a", home]),
  };
}

function answer(argv: readonly string[], brief: Brief): string | null {
  const done = runBriefly(argv, LIMITS.keyringMs, brief);
  return done?.code === 0 ? done.out : null;
}

function keyIn(said: string | null): string | null {
  const key = said?.trim() ?? "";
  return /^[0-9a-f]{64}$/u.test(key) ? key : null;
}

function some(env: Environment, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]]])),
  );
}
