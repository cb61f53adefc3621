/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "d99710bf0bce06420a8ee011a873894dbb24ebb09283e0021cf8d863df248ca2";
