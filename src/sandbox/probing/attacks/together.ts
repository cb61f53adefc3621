import type { Tier } from "../../../contracts/isolation.ts";
import { beginsWith, SEVERAL } from "../attack.ts";
import type { Attack, Kind, Seen } from "./attack.ts";

/**
 * Attacks made by one process, one after the other: most of an attack is the start of its process.
 * What may have got through, or was not made, is made again by a process of its own.
 */
export interface Together {
  readonly attack: Attack;
  /** Those that were made and held, once the verdict is known. */
  held(): readonly Attack[];
}

/** True where what comes of it is seen as well when it is made among others. */
export function joins(attack: Attack, tier: Tier): boolean {
  const { moves, limits, alone, apart, during, residual } = attack;
  const known = residual?.tiers.includes(tier) === true;
  return moves !== undefined && !known && !(limits ?? alone ?? apart ?? during);
}

export function together(attacks: readonly Attack[]): Together {
  const held: Attack[] = [];
  const movesOf = (of: Attack, ground: Seen["ground"], kind: Kind): string =>
    JSON.stringify(of.moves?.(ground, kind));
  return {
    held: () => held,
    attack: {
      name: SEVERAL,
      aim: "look",
      moves: (ground, kind) => [SEVERAL, ...attacks.map((one) => movesOf(one, ground, kind))],
      verdict: async (seen) => {
        for (const [at, one] of attacks.entries()) {
          const own = seen.output.split(beginsWith(at))[1]?.split(beginsWith(at + 1))[0];
          if (own === undefined) continue;
          if ((await one.verdict({ ...seen, output: own })) === null) held.push(one);
        }
        return null;
      },
    },
  };
}
