import type { Server, TlsOptions } from "node:tls";

/** What OpenSSL asks for to encrypt a ticket: whether to send one at all, and its keys. */
const NO_TICKET = [0, ...Array.from({ length: 4 }, () => Buffer.alloc(16))];

/** The part of Node's TLS context that its own type does not tell of. */
interface TicketContext {
  enableTicketKeyCallback?: () => void;
  onticketkeycallback?: () => readonly unknown[];
}

/**
 * Sends clients no session tickets. With TLS 1.3 they come after the handshake, and a client that only ever writes, as
 * rsyslog does, leaves them unread. It looks for one unread byte to see whether we are still there, finds the ticket in
 * place of our FIN, writes on and loses what it writes. Where this Node.js cannot do without them, TLS 1.2 is spoken,
 * which has them within the handshake.
 */
export function sendNoTickets(server: Server, options: TlsOptions): void {
  // Node.js has no option for it, but has had this callback since its version 0.11; 0 means "none now".
  const context = (server as unknown as { _sharedCreds?: { context?: TicketContext } })._sharedCreds?.context;
  if (typeof context?.enableTicketKeyCallback !== "function") {
    if (options.minVersion !== "TLSv1.3") server.setSecureContext({ ...options, maxVersion: "TLSv1.2" });
    return;
  }
  context.onticketkeycallback = () => NO_TICKET;
  context.enableTicketKeyCallback();
}
