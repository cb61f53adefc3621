import type { Journey } from "../support/journey.ts";
import { journey as basics } from "./basics.ts";
import { journey as coder } from "./coder.ts";
import { journey as holly } from "./holly.ts";
import { journey as indieDeveloper } from "./indie-developer.ts";
import { journey as toy } from "./toy.ts";

/** Every journey, in the order their pages are read. */
export const JOURNEYS: readonly Journey[] = [basics, toy, holly, indieDeveloper, coder];
