/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "23e637067cfd7e4755f2cd300567a108590f4f86a866b7d4262805f0190efdc0";
