import { openFeed } from "./live.ts";

/** The stream of this window, opened as it is loaded. */
export const feed = openFeed();
