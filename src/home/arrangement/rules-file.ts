import { resolve } from "node:path";
import type { z } from "zod";
import { NanosError } from "../../std/error.ts";
import { LIMITS } from "../../std/limits.ts";
import type { CasesFile, RulesFile } from "../../contracts/rules.ts";
import { readPlain } from "../files.ts";
import { manifestError, parseManifest } from "./manifest.ts";

/**
 * A rules file anywhere on this machine, to be looked at and not obeyed.
 *
 * @throws NanosError `rules.missing`, `manifest.invalid`.
 */
export async function readRules(file: string): Promise<RulesFile> {
  return read(file, (await import("../../contracts/rules.ts")).RulesFile);
}

/** Rules as they were typed. @throws NanosError `manifest.invalid`. */
export async function rulesText(text: string): Promise<RulesFile> {
  return parsed("rules.yaml", text, (await import("../../contracts/rules.ts")).RulesFile);
}

/** A file of cases for rules. Throws as `readRules` does. */
export async function readCases(file: string): Promise<CasesFile> {
  return read(file, (await import("../../contracts/rules.ts")).CasesFile);
}

async function read<T>(file: string, schema: z.ZodType<T>): Promise<T> {
  const text = readPlain(resolve(file), LIMITS.manifestBytes)?.toString("utf8");
  if (text === undefined) {
    throw new NanosError("rules.missing", `There is no file ${file}.`, "Name a YAML file.");
  }
  return parsed(file, text, schema);
}

async function parsed<T>(file: string, text: string, schema: z.ZodType<T>): Promise<T> {
  const found = await parseManifest(file, text, schema, "yaml");
  if (found.ok) return found.value;
  throw manifestError(".", found.problems);
}
