#!/usr/bin/env node
/**
 * Adds up the parts of `make test`: sum-results.js FOLDER PART=EXIT_CODE...
 *
 * A part that writes FOLDER/PART.json ({ passed, failed, skipped }) counts with these numbers; a part that failed without
 * counting a failure (lint, a crash, a lab that did not start) counts as one failure more. With CI=true a skipped test is a
 * failure: there, with root and all programs, everything must run. On a developer's machine what lacks root, IPv6, systemd
 * or nftables may be skipped. The last line is the sum; the exit code is 1 when anything failed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

const [folder = '', ...parts] = process.argv.slice(2);
const sum = { passed: 0, failed: 0, skipped: 0 };

/** PART.json, and PART-SOMETHING.json where a part ran several times. */
function countsOf(part) {
  const files = existsSync(folder) ? readdirSync(folder) : [];
  const mine = files.filter((name) => name === `${part}.json` || (name.startsWith(`${part}-`) && part === 'nodes'));
  const total = { passed: 0, failed: 0, skipped: 0 };
  for (const name of mine) {
    const counts = JSON.parse(readFileSync(path.join(folder, name), 'utf8'));
    for (const key of Object.keys(total)) total[key] += counts[key];
  }
  return total;
}

function add(part, exitCode) {
  const { passed, failed, skipped } = countsOf(part);
  const refused = process.env.CI === 'true' ? skipped : 0;
  // Tests that must exist: a run that counted nothing at all did not run.
  const empty = ['unit', 'unit-1', 'sim', 'protocols', 'protocols-heavy', 'lab-vrrp', 'lab-vrrp-1', 'lab-vrrp-2', 'lab-ipvs', 'lab-ipvs-2', 'lab-nft'].includes(part) && passed + failed === 0;
  const silent = failed === 0 && (exitCode !== 0 || empty) ? 1 : 0;
  sum.passed += passed;
  sum.failed += failed + refused + silent;
  sum.skipped += skipped - refused;
  const remarks = [
    exitCode === 0 ? 'ok' : `FAILED with exit code ${exitCode}`,
    passed + failed + skipped > 0 && `${passed} passed, ${failed} failed, ${skipped} skipped`,
    refused > 0 && `${refused} skipped count as failed (CI=true)`,
    empty && 'no test ran',
  ];
  console.log(`  ${part.padEnd(10)} ${remarks.filter(Boolean).join('; ')}`);
}

console.log();
for (const part of parts) {
  const [name = '', exitCode = '1'] = part.split('=');
  add(name, Number(exitCode));
}
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped > 0 ? `, ${sum.skipped} skipped` : ''}`);
process.exitCode = sum.failed > 0 ? 1 : 0;
