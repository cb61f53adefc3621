/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "006f92da223c59640b2b00c41255442e00005ad02abe0e615deda4bb12644e28";
