/** `lvsd schema`: prints the JSON Schema of the configuration, for editors. */
import { jsonSchema } from '../config/schema.ts';
import type { TextSink } from './check.ts';

/** Writes what `etc/lvsd.schema.json` holds: `lvsd schema > etc/lvsd.schema.json` renews that file. */
export function runSchema(out: TextSink): 0 {
  out.write(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  return 0;
}
