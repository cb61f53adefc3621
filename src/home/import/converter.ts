import type { ArrangementChecks } from "../arrangement/load.ts";
import type { Snapshot } from "../arrangement/snapshot.ts";
import type { TreeFile } from "../files.ts";

/** What somebody offers in another program's format, read whole. Nothing of it is ever run. */
export interface Foreign {
  /** Name of the file or folder, without an ending. */
  readonly name: string;
  /** The same with its ending, and the folder it lies in. */
  readonly called: string;
  readonly within: string;
  /** By path in the folder; a single file under its own name. */
  readonly files: readonly TreeFile[];
}

/** Foreign manifests as our files, and what of them has no place here. */
export interface Converted {
  /** Text by path in an arrangement. */
  readonly files: ReadonlyMap<string, string | Uint8Array>;
  /** Said before the yes: what was not taken over, and why. */
  readonly left: readonly Left[];
}

export interface Left {
  readonly what: string;
  readonly why: string;
}

/**
 * One foreign format.
 *
 * Contract:
 * - It reads plain data and runs nothing, whatever the files say.
 * - It grants nothing: what it writes asks like anything that was put in by hand.
 * - What it cannot say in our formats it says in `left`, and leaves nothing out in silence.
 */
export interface Converter {
  readonly name: string;
  /** What it knows, as half a sentence. */
  readonly about: string;
  /** True when the source is of this format. */
  knows(source: Foreign): boolean;
  /** `present` is the arrangement it will be part of; `checks` say whether a rule or route holds. */
  convert(source: Foreign, present: Snapshot, checks?: ArrangementChecks): Promise<Converted>;
}
