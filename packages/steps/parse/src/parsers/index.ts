import type { NamedParser } from "../parser.ts";
import { json } from "./json.ts";
import { nginx, nginxJsonPretty } from "./nginx.ts";

/** Every parser that a pipeline file can call by name. */
export const NAMED_PARSERS: readonly NamedParser[] = [json, nginx, nginxJsonPretty];
