import type { Failure } from "../contracts/outcome.ts";

/** Why a process is not begun with, each with what to do about it. */

export function uncounted(): Failure {
  return {
    code: "sandbox.no_tier",
    message: "As root without the right to change user, the number of processes has no limit.",
    next: "Run nanos as an ordinary user, or with the capabilities root usually has.",
  };
}

export function badPath(path: string): Failure {
  return {
    code: "sandbox.bad_path",
    message: `The working folder ${path} does not exist.`,
    next: "Create it, or name another.",
  };
}

export function stageInside(folder: string, root: string): Failure {
  return {
    code: "sandbox.bad_path",
    message: `The stage ${folder} lies inside ${root}, which would be copied into it.`,
    next: "Narrow the write scope: it may not contain nanos' own folders.",
  };
}

export function badProgram(path: string): Failure {
  return {
    code: "sandbox.no_program",
    message: `There is no program at ${path === "" ? "an empty path" : path}.`,
    next: "Name an installed program by its absolute path.",
  };
}

export function noStage(): Failure {
  return {
    // sandbox.no_stage -> Begin it again: what it worked beside has ended.
    code: "sandbox.no_stage",
    message: "The process it would work beside has ended, or has no stage to share.",
  };
}
