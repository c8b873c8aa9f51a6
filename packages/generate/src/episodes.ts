/** Lines that come in groups (a login is three of them): `episode` makes a group, the returned function hands out one. */
export function fromEpisodes(episode: () => readonly string[]): () => string {
  let lines: readonly string[] = [];
  let at = 0;
  return () => {
    if (at === lines.length) {
      lines = episode();
      at = 0;
    }
    return lines[at++] as string;
  };
}
