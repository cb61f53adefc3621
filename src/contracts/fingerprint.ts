/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "aa8a408ccad25c3c8b9f741d68ed20531e9aa460140fe9c19b023ab040cc9851";
