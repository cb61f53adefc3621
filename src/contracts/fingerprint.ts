/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "ba7853b7d59764e36fc3af91268dc7864132fecc28f5acad37dbf54b7af32fc6";
