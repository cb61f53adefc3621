/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "333ec18e49d4ccdf509832e97e3f1fcecf226f8788f2c6a88f6b50bccc74a190";
