import { realpathSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { AgentManifest } from "../../contracts/agent.ts";
import type { RunStarted } from "../../contracts/event.ts";
import type { TreeWish } from "../../contracts/nanos.ts";
import { isInside, parseScope } from "../../gate/scopes.ts";
import { NanosError } from "../../std/error.ts";
import { plainText } from "../../std/text.ts";
import { isNoWork } from "../../tools/git/plain.ts";
import { resolveScope } from "../standing.ts";
import { isAttached, reachOf } from "../wants/tool.ts";
import type { Facts, World } from "../world.ts";

/**
 * Where a run of this agent works: in the workspace, or in a copy of a repository that is its own.
 *
 * @throws NanosError `tree.no_copy`, `tree.outside`, `tree.branch`.
 */
export function groundOf(
  { trees }: Pick<World, "trees">,
  facts: Facts,
  agent: AgentManifest | undefined,
  run: string,
  wish?: TreeWish,
): Pick<RunStarted, "workspace" | "tree"> {
  const { workspace } = facts;
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
  const from = path === undefined ? workspace : folderFor(facts, agent, path);
  return {
    workspace: trees.placeOf(run),
    tree: { from, ...(branch === undefined ? {} : { branch: branchIn(branch) }) },
  };
}

/**
 * The folder a path leads to, through whatever links: one of the workspace that the agent's own reach
 * covers, and nothing a copy of the workspace would have left out.
 */
export function folderFor(facts: Facts, agent: AgentManifest, path: string): string {
  const { workspace, machine } = facts;
  const root = realOf(workspace) ?? workspace;
  const real = realOf(resolve(workspace, path));
  if (real === root) return real;
  if (real !== null && isInside(root, real) && !isInside(realOf(machine) ?? machine, real)) {
    const inside = relative(root, real);
    const isWork = !inside.split("/").some(isNoWork);
    if (isWork && isRead(facts, agent, join(workspace, inside))) return real;
  }
  const message = `${plainText(path)} is no folder of the workspace ${workspace} that ${agent.name} may read.`;
  throw new NanosError(
    "tree.outside",
    message,
    "Name one from the workspace, or start nanos there.",
  );
}

/** Whether the agent, or a tool of it, reaches this folder in the workspace itself. */
function isRead(facts: Facts, manifest: AgentManifest, folder: string): boolean {
  const { workspace, userHome, tools } = facts;
  const own = (manifest.scopes ?? []).map((scope) => resolveScope(scope, workspace, userHome));
  const held = tools.filter((tool) => isAttached({ agent: { manifest, prompt: "" } }, tool));
  const reach = held.flatMap((tool) => reachOf({ facts, within: null, workspace }, tool));
  return [...own, ...reach]
    .map(parseScope)
    .some((scope) => "path" in scope && isInside(scope.path, folder));
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
