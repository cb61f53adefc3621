/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "d33851cca4ebf701e830453e01c39abb483dc7804b1aec2a50b2167fd034ed25";
