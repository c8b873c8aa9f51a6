/** The file with the analyses of all rules, in their order; the build puts its place here. Undefined: there is none. */
export const ANALYSES: URL | undefined = undefined;
