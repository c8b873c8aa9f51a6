/** A URL without user and password: these may go into no event, no log and no state. */
export function shownUrl(written: string): string {
  const url = new URL(written);
  url.username = "";
  url.password = "";
  const { href } = url;
  return href.endsWith("/") && !written.endsWith("/") ? href.slice(0, -1) : href;
}
