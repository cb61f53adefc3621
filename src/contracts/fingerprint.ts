/** SHA-256 over every published schema. Written by `bun scripts/schemas.ts`. */
export const SCHEMAS_HASH = "cf7de1cc963ac9fd22db8f2498f54f3b76bdfd67438ef4151b5ded9e1545df22";
