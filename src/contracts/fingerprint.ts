/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "08b6470bdfc3a50b315fd476d1a37392b9ff154ba361d930d4c86dc2f00c12f5";
