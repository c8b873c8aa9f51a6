/** The bytes of a Base64 or Base64url text as Latin-1, which keeps ASCII and never fails. */
export function decodeBase64(text: string): string {
  return Buffer.from(text, "base64").toString("latin1");
}

/** Says if a Base64 text hides `user:password`: printable, with a colon after the first character. */
export function isBasicCredentials(text: string): boolean {
  return /^[\x20-\x7e\x80-\xff]{0,200}:[\x20-\x7e\x80-\xff]{0,300}$/.test(decodeBase64(text));
}

/** Says if the first part of a dotted token is a JOSE header: a JSON object that names algorithm, type, key or such. */
export function isJoseHeader(part: string): boolean {
  const text = decodeBase64(part);
  return /^\{\s*"/.test(text) && /"(?:alg|typ|kid|enc|x5t|jku|cty|zip|epk)"/i.test(text);
}
