import { homedir } from "node:os";
import { join } from "node:path";
import type { Clock } from "../../std/clock.ts";
import type { Arrangement } from "../../contracts/arrangement.ts";
import type { Sandbox } from "../../sandbox/sandbox.ts";
import type { Home } from "../../home/home.ts";
import { withLock } from "../../home/store.ts";
import type { Journal } from "../../journal/journal.ts";
import { note } from "../desk/note.ts";
import type { Skills } from "../../contracts/skill.ts";
import type { Elsewhere } from "./cases.ts";
import type { installDesk } from "./install.ts";
import { installedSkill } from "./seen.ts";

/** Getting skills in and out. It is rare, and what it needs is loaded when it is asked for. */
export function installing(
  parts: Omit<Elsewhere, "env"> & {
    home: Home;
    journal: Journal;
    arrangement: Arrangement;
    sandbox: Sandbox;
    env: Readonly<Record<string, string | undefined>>;
    cwd: string;
    clock: Clock;
  },
): ReturnType<typeof installDesk> & Pick<Skills, "test"> {
  const { home, journal, arrangement, sandbox, env, cwd, make, clock } = parts;
  let desk: Promise<ReturnType<typeof installDesk>> | null = null;
  const open = async (): Promise<ReturnType<typeof installDesk>> => {
    const [{ installDesk: make }, { cloneRepository }] = await Promise.all([
      import("./install.ts"),
      import("../../tools/git/clone.ts"),
    ]);
    const dir = join(home.paths.machine, "clone");
    return make({
      ...{ arrangement, cwd, clock, lock: home.lock, ground: home.ground },
      clone: (address, act) =>
        withLock(dir, clock, () => cloneRepository({ sandbox, env, dir }, address, act)),
      where: { workspace: arrangement.workspace, userHome: homedir() },
      record: (body) => note(journal, body),
    });
  };
  const opened = (): Promise<ReturnType<typeof installDesk>> => (desk ??= open());
  return {
    offer: async (from, options) => (await opened()).offer(from, options),
    install: async (offer, options) => (await opened()).install(offer, options),
    remove: async (name) => (await opened()).remove(name),
    check: async (name) => (await opened()).check(name),
    test: async (name) => {
      const { testCases } = await import("./cases.ts");
      return testCases(installedSkill(arrangement, name), { make, env: { PATH: env["PATH"] } });
    },
  };
}
