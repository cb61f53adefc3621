/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "135d643071cdf37ae7b613d0f151ba766a181eeebf2d2ee8dda09b101d788bbc";
