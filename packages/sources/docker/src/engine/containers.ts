import type { EngineClient } from "./client.ts";

/** What a list of containers tells of each. */
export interface ContainerSummary {
  readonly Id: string;
  readonly Names?: readonly string[] | null;
  readonly Image?: string;
  readonly ImageID?: string;
  /** Seconds since the epoch. */
  readonly Created?: number;
  readonly Labels?: Readonly<Record<string, string>> | null;
  /** `running`, `exited`, … */
  readonly State?: string;
  /** For people, e.g. `Up 3 minutes (healthy)`. */
  readonly Status?: string;
}

/** What an inspection tells of a container, as far as sluice looks. */
export interface ContainerDetails {
  readonly Id: string;
  readonly Name?: string;
  readonly Created?: string;
  readonly Path?: string;
  readonly Args?: readonly string[] | null;
  /** Id of its image. */
  readonly Image?: string;
  readonly State?: {
    readonly Running?: boolean;
    readonly StartedAt?: string;
    readonly FinishedAt?: string;
    readonly ExitCode?: number;
    readonly Health?: { readonly Status?: string };
  };
  readonly Config?: {
    readonly Tty?: boolean;
    readonly Image?: string;
    readonly Labels?: Readonly<Record<string, string>> | null;
  };
  readonly HostConfig?: {
    readonly LogConfig?: { readonly Type?: string; readonly Config?: Readonly<Record<string, string>> | null };
  };
}

/** All containers, also those that do not run. */
export function listContainers(client: EngineClient, signal: AbortSignal): Promise<readonly ContainerSummary[]> {
  return client.json("/containers/json", { all: "1" }, signal);
}

export function inspectContainer(client: EngineClient, id: string, signal: AbortSignal): Promise<ContainerDetails> {
  return client.json(`/containers/${id}/json`, {}, signal);
}
