/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "ef4150eae846e3523b113ba4c6dbfc4979e6125ed3b18ee135953985111040d8";
