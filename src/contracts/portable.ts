import type { Change, Finding } from "./skill.ts";

/**
 * The arrangement as it travels between machines and people: checked, written out, taken over.
 */

/** What is right and wrong with a manifest or a whole arrangement. Nothing of it was run. */
export interface CheckReport {
  /** What was looked at, absolute. */
  readonly path: string;
  /** What it was read as: `arrangement`, `skill`, `agent`, `rules`, … */
  readonly kind: string;
  readonly ok: boolean;
  readonly problems: readonly CheckProblem[];
  /** Worth saying, and no fault. */
  readonly warnings: readonly string[];
}

/** One fault and what to write instead. Lines and columns from 1. */
export interface CheckProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
}

/** An arrangement as it was written out for others. */
export interface Exported {
  /** The folder, absolute. */
  readonly dir: string;
  readonly files: readonly string[];
  /** What stayed behind, and why, in plain words. */
  readonly left: readonly { readonly what: string; readonly why: string }[];
  /** Names of secrets and variables it asks for; whoever takes it over stores their own. */
  readonly needs: Needs;
}

/** What an arrangement names and does not hold. */
export interface Needs {
  readonly secrets: readonly string[];
  readonly env: readonly string[];
}

/** What taking an arrangement over would change. Nothing of it was run or written. */
export interface ApplyOffer {
  /** As it was named. */
  readonly from: string;
  readonly name: string;
  /** The folder whose files change, absolute. */
  readonly dir: string;
  /** True where that folder holds no arrangement yet. */
  readonly fresh: boolean;
  /** Hash over what was offered; a yes is to exactly this. */
  readonly hash: string;
  /** What it changes of what may be done, the weightiest first. */
  readonly reach: readonly ReachLine[];
  /** Files, line by line. */
  readonly files: readonly Change[];
  readonly needs: Needs;
  readonly findings: readonly Finding[];
  readonly more: number;
}

/** One change of what may be done. */
export interface ReachLine {
  readonly about: "scope" | "grant" | "rule" | "model" | "server" | "code" | "agent" | "setting";
  readonly sign: "+" | "-" | "~";
  readonly says: string;
  /**
   * True where it says yes beforehand to what would be asked about or denied, so that only a person
   * who has read it can take it over.
   */
  readonly standing: boolean;
}

/** What came of taking an arrangement over. */
export interface Applied {
  readonly dir: string;
  readonly files: readonly string[];
  /** Where what was there before is kept for a while; null where nothing was. */
  readonly kept: string | null;
}

/** What is to be brought in. */
export interface ImportWish {
  /** As the operator named it. */
  readonly from: string;
  /** Absolute. */
  readonly path: string;
  /** Of a marketplace, the plugin. */
  readonly plugin?: string | undefined;
}

/** Plugins of a marketplace, of which one is chosen. Their words are theirs. */
export interface PluginList {
  readonly format: "claude-marketplace";
  readonly plugins: readonly {
    readonly name: string;
    readonly about: string;
    /** False for one that lies elsewhere: nothing is fetched. */
    readonly here: boolean;
  }[];
}

/** What bringing in another program's manifests would change. */
export interface ImportOffer extends ApplyOffer {
  /** The format they are in. */
  readonly format: string;
  /** What of them is not taken over, and why. */
  readonly left: readonly { readonly what: string; readonly why: string }[];
}
