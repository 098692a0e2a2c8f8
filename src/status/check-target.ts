/** What a check asks, in a few words. Pure. */
import type { CheckConfig } from '../config/types-checks.ts';
import { destinationName } from '../director/place.ts';
import { assertNever } from '../util/assert-never.ts';

/** A command line may be long. */
const LONGEST = 80;

/** `10.0.0.11:80/healthz`, `10.0.0.53:53 www.example.com`, `10.0.0.11`, `/usr/local/bin/check 10.0.0.11`. */
export function checkTarget(check: CheckConfig): string {
  const place = check.port === 0 ? check.address : destinationName(check);
  switch (check.type) {
    case 'tcp':
    case 'udp':
    case 'agent':
    case 'icmp':
      return place;
    case 'http':
    case 'https': {
      const [first, ...more] = check.requests;
      return `${place}${first?.path ?? ''}${more.length === 0 ? '' : ` and ${more.length} more`}`;
    }
    case 'dns':
      return `${place} ${check.name}`;
    case 'grpc':
      return check.service === '' ? place : `${place} ${check.service}`;
    case 'script': {
      const command = check.command.join(' ');
      return command.length <= LONGEST ? command : `${command.slice(0, LONGEST)}...`;
    }
    case 'file':
      return check.path;
    case 'passive':
      return check.name;
    default:
      return assertNever(check);
  }
}
