import type { Attack } from "./attack.ts";
import { CHANGES, LOOKS, READS, WRITES } from "./files.ts";
import { PURE } from "./pure.ts";
import { BOMBS, OTHERS, STARTS } from "./processes.ts";
import { CONNECTIONS, KERNEL } from "./world.ts";

/** Every attack, in the order of the table. */
export const ATTACKS: readonly Attack[] = [
  ...READS,
  ...WRITES,
  ...CHANGES,
  ...CONNECTIONS,
  ...STARTS,
  ...OTHERS,
  ...KERNEL,
  ...BOMBS,
  ...LOOKS,
  ...PURE,
];
