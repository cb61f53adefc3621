import { BOMBS } from "./moves/bombs.ts";
import { CHANGING } from "./moves/changing.ts";
import { KERNEL } from "./moves/kernel.ts";
import { print } from "./moves/native.ts";
import { OTHERS } from "./moves/others.ts";
import { PROGRAMS } from "./moves/programs.ts";
import { READING } from "./moves/reading.ts";
import { SOCKETS } from "./moves/sockets.ts";
import { WRITING } from "./moves/writing.ts";

/**
 * What hostile code would do once it runs in a box. Each move is made in every way a runtime offers
 * and straight through the kernel, and says on standard output what it got. Its word can only make
 * things worse: whether it held is judged outside.
 */
const MOVES: Readonly<Record<string, Move>> = {
  ...READING,
  ...WRITING,
  ...CHANGING,
  ...SOCKETS,
  ...PROGRAMS,
  ...OTHERS,
  ...KERNEL,
  ...BOMBS,
};

// Each names its own arguments, all strings.
type Move = (...args: never[]) => Promise<void> | void;

/**
 * Makes one move; as `several`, one after the other, each argument being the JSON of a move and its
 * own. @throws Error when there is no such move.
 */
export async function attack(name: string, args: readonly string[]): Promise<void> {
  if (name === SEVERAL) return several(args);
  const move = MOVES[name];
  if (move === undefined) throw new Error(`bug: no move ${name}`);
  // An attempt that is never made proves nothing; this says that it is.
  print(`${name}: refused so far`);
  await (move as (...args: readonly string[]) => Promise<void> | void)(...args);
}

/** The move that is others, and what is printed before the one with this number. */
export const SEVERAL = "several";
export const beginsWith = (at: number): string => `move ${at}: refused so far\n`;

async function several(moves: readonly string[]): Promise<void> {
  for (const [at, one] of moves.entries()) {
    print(beginsWith(at).trimEnd());
    const [name = "", ...args] = JSON.parse(one) as string[];
    try {
      await attack(name, args);
    } catch (error) {
      print(`${name}: refused ${String(error)}`);
    }
  }
}
