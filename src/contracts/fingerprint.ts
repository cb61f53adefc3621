/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "6f49f8d1d59d97cc02221f6b18e14fb633e80c83d52fea5dc77bd9c5878b2e72";
