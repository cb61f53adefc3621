import { realpathSync } from "node:fs";
import { relative, resolve } from "node:path";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { TreeWish } from "../../contracts/nanos.ts";
import { NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import type { Facts, World } from "../world.ts";

/**
 * Where a run of this agent works: in the workspace, or in a copy of a repository that is its own.
 *
 * @throws NanosError `tree.no_copy`, `tree.outside`, `tree.branch`.
 */
export function groundOf(
  { trees }: Pick<World, "trees">,
  { workspace }: Facts,
  agent: AgentManifest | undefined,
  run: string,
  wish?: TreeWish,
): Pick<RunStarted, "workspace" | "tree"> {
  const isCopied = agent?.isolation === "worktree";
  if (!isCopied && wish) {
    const message = `${agent?.name ?? "The agent"} works in no copy of a repository.`;
    throw new NanosError(
      "tree.no_copy",
      message,
      "Ask one with `isolation: worktree` in its file.",
    );
  }
  if (!isCopied) return { workspace };
  const { path, branch } = wish ?? {};
  const from = path === undefined ? workspace : within(workspace, path);
  return {
    workspace: trees.placeOf(run),
    tree: { from, ...(branch === undefined ? {} : { branch: branchIn(branch) }) },
  };
}

/** A folder of the workspace, wherever links on the way lead. */
function within(workspace: string, path: string): string {
  const real = realOf(resolve(workspace, path));
  const inside = real === null ? ".." : relative(realOf(workspace) ?? workspace, real);
  if (real !== null && inside !== ".." && !inside.startsWith("../")) return real;
  const message = `${plainText(path)} is no folder of the workspace ${workspace}.`;
  throw new NanosError(
    "tree.outside",
    message,
    "Name one from the workspace, or start nanos there.",
  );
}

function realOf(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

/** A name git takes for a branch or tag, and for nothing else. */
function branchIn(branch: string): string {
  if (/^[A-Za-z0-9][\w./-]{0,200}$/u.test(branch)) return branch;
  const message = `${plainText(branch).slice(0, 80)} is no branch or tag.`;
  throw new NanosError("tree.branch", message, "Name one that `git branch` or `git tag` lists.");
}
