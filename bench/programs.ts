import { join } from "node:path";
import { ROOT } from "../scripts/machine.ts";

const BUILT = join(ROOT, "bench/.peers/bin");

/** Programs of the bench, by the case that starts them. */
export const PROGRAMS: Readonly<Record<string, string>> = {
  "start hello": "hello",
  "prompt bare": "oneshot",
  "tool nanos": "toolhost",
};

/** Where the program of a case lies once it is built. */
export function programOf(name: string): string {
  return join(BUILT, PROGRAMS[name] ?? name);
}
