import type { TraceWish } from "../../contracts/trace.ts";
import { LIMITS } from "../../std/limits.ts";
import { Refusal } from "../refusal.ts";

/** Which part of a list is asked for: `?limit=`, `?before=ID` for the next, `?q=WORDS`. */
export type Page = Pick<TraceWish, "before" | "words"> & { readonly limit: number };

/** @throws Refusal `http.invalid`. */
export function pageOf(query: URLSearchParams): Page {
  const [before, words] = [query.get("before"), query.get("q")];
  return {
    limit: numberIn(query, "limit", { least: 1, most: LIMITS.httpListed, usual: 50 }),
    ...(before === null ? {} : { before }),
    ...(words === null ? {} : { words }),
  };
}

/** A whole number of a query. @throws Refusal `http.invalid`. */
export function numberIn(
  query: URLSearchParams,
  param: string,
  { least, most, usual }: { readonly least: number; readonly most: number; readonly usual: number },
): number {
  const given = query.get(param);
  const value = given === null ? usual : Number(given === "" ? Number.NaN : given);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const next = `Give a ${param} from ${least} to ${most}.`;
  throw new Refusal("http.invalid", `${param} does not fit.`, next, { param });
}
