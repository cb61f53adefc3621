/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "f9eeba9869ac35f08b052984a6236a8866c0b7a449e0590cc22782abba8d0a98";
