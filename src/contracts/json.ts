import { z } from "zod";
import type { Json } from "../std/json.ts";

/** Any JSON value, as a schema. */
export const JsonSchema = z.json() as unknown as z.ZodType<Json>;
