/** `POST /v1/checks/NAME`: a report on a passive check; what the request may hold (docs/checks.md). */
import { type PassiveReport, passiveReportIn } from '../health/passive.ts';
import { err, type Result } from '../util/result.ts';

export const REPORT_PATH = '/v1/checks/:name';

/** Reads the request's body; the error says what is wrong with it. */
export function reportIn(body: string): Result<PassiveReport, string> {
  try {
    return passiveReportIn(JSON.parse(body));
  } catch {
    return err('the body is not {"state": "up" or "down", "reason": string}');
  }
}
