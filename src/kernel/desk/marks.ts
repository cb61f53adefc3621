import type { Config, Grant } from "../../contracts/config.ts";
import type { Clock } from "../../std/clock.ts";

/**
 * What of this workspace the operator marked to run held by nothing: by a grant, bound to what it is
 * made of; or a command by its name, in the config of this machine. Nowhere else.
 */
export function marksFor(
  { unconfined = [], allow }: Config,
  workspace: string,
  grants: () => readonly Grant[],
  clock: Clock,
): (name: string, code: string | null) => boolean {
  return (name, code) => {
    if (allow?.unconfined === false) return false;
    if (code === null) {
      return unconfined.some((one) => one.workspace === workspace && one.tool === name);
    }
    const now = clock.now();
    return grants().some(
      (grant) =>
        grant.skill === name && grant.unconfined === code && (grant.expires ?? Infinity) > now,
    );
  };
}
