/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "15fc915e6f3a5a026fbfea553e381eecfc82c7f58bec3bcf10e07732eaa10aab";
