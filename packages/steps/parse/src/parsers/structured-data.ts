import { type Event, setField } from "@sluice/core";

const ELEMENT = /\[([^ \]="]+)((?: [^ =\]"]+="(?:[^"\\]|\\.)*")*) ?\]/gs;
const PARAMETER = / ([^ =\]"]+)="((?:[^"\\]|\\.)*)"/gs;

/** Sets RFC 5424 structured data, `[id name="value"]…`, as `log.syslog.structured_data.<id>.<name>`. */
export function setStructuredData(event: Event, text: string): void {
  for (const [, id, parameters] of text.matchAll(ELEMENT)) {
    for (const [, name, value] of (parameters as string).matchAll(PARAMETER)) {
      // Section 6.3.3: `"`, `\` and `]` are written with a `\` before them; before anything else it is itself.
      setField(event, `log.syslog.structured_data.${id}.${name}`, (value as string).replace(/\\(["\\\]])/g, "$1"));
    }
  }
}
