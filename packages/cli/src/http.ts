import { readFileSync } from "node:fs";
import type { Admin, Observed } from "@sluice/admin";
import { DEFAULT_HTTP, type HttpAddress, parseHttpAddress, requireToken } from "@sluice/admin/address";
import { errorText, type Logger, SluiceError } from "@sluice/core";
import type { Command } from "commander";

/** The options of a command that serves over HTTP, or asks one that does. */
export interface HttpOptions {
  readonly http?: string;
  readonly httpToken?: string;
  readonly httpTokenFile?: string;
}

/** Where to listen, or whom to ask. */
export interface HttpSettings {
  readonly address: HttpAddress;
  readonly token: string | undefined;
  /** Somebody chose the address: not getting it is an error then. */
  readonly chosen: boolean;
}

/** Shorter ones can be guessed. */
const SHORT_TOKEN = 16;

/** Adds `--http` and where its token comes from. */
export function addHttpOptions(command: Command, meaning: string): Command {
  return command
    .option("--http <address>", `${meaning} (default: SLUICE_HTTP, or ${DEFAULT_HTTP})`)
    .option("--http-token <token>", "token that is demanded (better: SLUICE_HTTP_TOKEN, which `ps` does not show)")
    .option("--http-token-file <file>", "file with that token (default: SLUICE_HTTP_TOKEN_FILE)");
}

/** Reads the options; undefined for `off`. Throws SLUICE_USAGE for what cannot be read. */
export function httpSettings(options: HttpOptions): HttpSettings | undefined {
  const chosen = options.http ?? process.env["SLUICE_HTTP"];
  if (chosen === "off") return undefined;
  return { address: parseHttpAddress(chosen ?? DEFAULT_HTTP), token: tokenOf(options), chosen: chosen !== undefined };
}

/** The same for a command that listens: throws SLUICE_HTTP where a token is necessary and missing. */
export function listenSettings(options: HttpOptions, log: Logger): HttpSettings | undefined {
  const settings = httpSettings(options);
  if (!settings) return undefined;
  const { address, token } = settings;
  requireToken(address, token);
  if (token && token.length < SHORT_TOKEN) log.warn({}, `the HTTP token has less than ${SHORT_TOKEN} characters`);
  return settings;
}

/**
 * Starts the HTTP side. Its package is loaded only now: it needs 20 MB. When the address is the default and taken,
 * e.g. by a second sluice, the run goes on without.
 */
export async function startHttp(
  settings: HttpSettings | undefined,
  observed: Observed,
  log: Logger,
): Promise<Admin | undefined> {
  if (!settings) return undefined;
  const { startAdmin } = await import("@sluice/admin");
  try {
    const admin = await startAdmin({ ...settings, observed, log });
    log.info({ url: admin.url }, "dashboard and metrics");
    return admin;
  } catch (error) {
    if (settings.chosen || !(error instanceof SluiceError)) throw error;
    log.warn({ code: error.code, hint: error.hint }, `${error.message}; going on without dashboard and metrics`);
    return undefined;
  }
}

function tokenOf({ httpToken, httpTokenFile }: HttpOptions): string | undefined {
  const file = httpTokenFile ?? process.env["SLUICE_HTTP_TOKEN_FILE"];
  const token = httpToken ?? (file ? readToken(file) : process.env["SLUICE_HTTP_TOKEN"]);
  return token === "" ? undefined : token;
}

function readToken(file: string): string {
  try {
    const token = readFileSync(file, "utf8").trim();
    if (token !== "") return token;
  } catch (error) {
    throw new SluiceError("SLUICE_USAGE", `cannot read the token file ${file}: ${errorText(error)}`);
  }
  throw new SluiceError("SLUICE_USAGE", `the token file ${file} is empty`);
}
