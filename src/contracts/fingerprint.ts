/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "cd0a6c53c9c327f37eb65b79f7e6ed370978116f8619ef56a1af8f1913c43ca0";
