import type { Route } from "../route.ts";
import { PAGES } from "./pages.ts";
import { SEATS } from "./seats.ts";
import { TRACES } from "./traces.ts";

/** What the operator sees and decides by in their browser. */
export const COCKPIT: readonly Route[] = [...SEATS, ...PAGES, ...TRACES];
