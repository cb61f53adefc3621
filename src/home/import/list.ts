import type { Converter } from "./converter.ts";
import { nexusmon } from "./nexusmon.ts";

/** Every format that can be brought in; the first that knows the source reads it. */
export const CONVERTERS: readonly Converter[] = [nexusmon];
