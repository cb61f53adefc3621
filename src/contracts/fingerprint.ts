/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "e01d3b3bcab77bd186a52cb98db836f006322997fd83b2a083c42f3cef169b7a";
