/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "cb50feb7ef632b73bbc95b66d7e0cfa28985b78e0973d6fe944d92defb5042b6";
