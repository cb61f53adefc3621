import type { Route } from "../route.ts";
import { ARRANGEMENT } from "./arrangement.ts";
import { KEYS } from "./keys.ts";
import { MEMORY } from "./memory.ts";
import { PAGES } from "./pages.ts";
import { PROOF_ROUTES } from "./proof.ts";
import { SCHEDULES } from "./schedules.ts";
import { SEATS } from "./seats.ts";
import { TRACES } from "./traces.ts";
import { WORK } from "./work.ts";

/** What the operator sees and decides by in their browser. */
export const COCKPIT: readonly Route[] = [
  ...SEATS,
  ...PAGES,
  ...TRACES,
  ...WORK,
  ...SCHEDULES,
  ...MEMORY,
  ...ARRANGEMENT,
  ...KEYS,
  ...PROOF_ROUTES,
];
