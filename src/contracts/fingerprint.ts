/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "76cf88ccd1a464d06b277ac8d671aaa09af8e263fe4741b849f6fdb44a592f8c";
