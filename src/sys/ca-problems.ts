/** CA files of checks that cannot be used as things are on this machine. */
import type { CheckConfig } from '../config/types-checks.ts';
import { trustOf } from './tls.ts';

/** Whole sentences, one for each file. What such a check finds does not count: its servers stay as they are. */
export function caProblems(owner: string, checks: readonly CheckConfig[]): readonly string[] {
  const files = new Set(checks.flatMap(caFilesOf));
  return [...files].flatMap((caFile) => {
    const trust = trustOf({ caFile });
    return trust.ok ? [] : [`checks of ${owner} say nothing of its servers: ${trust.error}`];
  });
}

function caFilesOf(check: CheckConfig): readonly string[] {
  switch (check.type) {
    case 'http':
    case 'https':
    case 'grpc':
      return given(check.tls?.caFile);
    case 'tcp':
      return check.steps.flatMap((step) => (step.do === 'tls' ? given(step.tls.caFile) : []));
    default:
      return [];
  }
}

function given(caFile: string | null | undefined): readonly string[] {
  return caFile === null || caFile === undefined ? [] : [caFile];
}
