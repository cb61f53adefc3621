/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "d9a7bf3d6af813154c19bdcba5815c15f920f5c9af7560f5e4c08091bf390e21";
