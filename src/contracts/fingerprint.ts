/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "e064bd2352abdca86093623de24378c70a8c21035f46e6468c58c5c7646f67a3";
