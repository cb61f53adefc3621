/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "0e3b53700fed9289ec87bd1924199c2252e0d6de2628e2e54f9222c9e9113141";
