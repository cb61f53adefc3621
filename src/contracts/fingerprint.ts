/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "afa16b7955b0221de404610f5e103bce0f41793e44c93bf09c2cb88d21ccd529";
