/**
 * Reasons in the ledger's `dropped` under which events are gone that nobody chose to drop: the dashboard and the alerts
 * call them lost. All other reasons are those of steps (`drop`, `sample`, …), `unrouted` and `dead_letter`.
 */
export const LOST_REASONS = [
  "buffer_full",
  "buffer_lost",
  "delivery_failed",
  "docker_events_unreadable",
  "gelf_chunks_incomplete",
  "given_up",
  "killed",
  "udp_buffer_full",
  "udp_kernel_buffer_full",
] as const;

export type LostReason = (typeof LOST_REASONS)[number];
